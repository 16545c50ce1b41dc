import { startChatModel, type ToolCall } from './chat-model.mts';
import type { Json } from './n8n-client.mts';
import { chain, manualTrigger, type Node } from './workflows.mts';
import { client, start } from './world.mts';

/** A node of n8n's package for AI. */
export const langchain = (name: string, type: string, typeVersion: number, more: Json): Node => ({
	...manualTrigger(),
	name,
	type: `@n8n/n8n-nodes-langchain.${type}`,
	typeVersion,
	...more,
});

/** Runs an agent whose model calls the tool once and repeats its result. */
export async function ask(tool: Node, call: ToolCall) {
	const model = await startChatModel(call);
	try {
		const openAiApi = await client.createCredential(model.credential, 'openAiApi');
		const parameters = { promptType: 'define', text: 'Use the tool', options: {} };
		const agent = langchain('Agent', 'agent', 3.1, { parameters });
		const chat = langchain('Model', 'lmChatOpenAi', 1.3, {
			credentials: { openAiApi },
			parameters: { model: { __rl: true, mode: 'id', value: 'any' }, responsesApiEnabled: false },
		});
		const workflow = chain('Agent', manualTrigger(), agent);
		workflow.nodes.push(chat, tool);
		const to = (type: string) => ({ [type]: [[{ node: 'Agent', type, index: 0 }]] });
		Object.assign(workflow.connections, {
			Model: to('ai_languageModel'),
			[tool.name]: to('ai_tool'),
		});
		const execution = await client.untilStatus(await start(workflow), 'success');
		return { execution, requests: model.requests };
	} finally {
		await model.close();
	}
}
