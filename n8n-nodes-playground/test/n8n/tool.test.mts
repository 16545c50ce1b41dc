/** Run Job as a tool of n8n's agent. published-workflows.test.mts runs examples/agent-tool.json. */
import { expect, test } from 'vitest';
import { startChatModel } from './support/chat-model.mts';
import { useGatedDaemon } from './support/gated-daemon.mts';
import type { Execution, Json } from './support/n8n-client.mts';
import { chain, manualTrigger, type Node } from './support/workflows.mts';
import { client, start } from './support/world.mts';

const t = useGatedDaemon();

const langchain = (name: string, type: string, typeVersion: number, more: Json): Node => ({
	...manualTrigger(),
	name,
	type: `@n8n/n8n-nodes-langchain.${type}`,
	typeVersion,
	...more,
});

/** An agent whose model calls the tool once, with the gate's URL, and repeats its result. */
async function askAgent(gate: string, options: Json): Promise<Execution> {
	const model = await startChatModel({ url: t.gates.url(gate) });
	try {
		const openAiApi = await client.createCredential(model.credential, 'openAiApi');
		const parameters = { promptType: 'define', text: 'Go through the gate', options: {} };
		const agent = langchain('Agent', 'agent', 3.1, { parameters });
		const chat = langchain('Model', 'lmChatOpenAi', 1.3, {
			credentials: { openAiApi },
			parameters: { model: { __rl: true, mode: 'id', value: 'any' }, responsesApiEnabled: false },
		});
		const input = "{ url: $fromAI('url', 'Of the gate', 'string') }";
		const tool = t.job({ name: 'Gate', input, options });
		tool.type += 'Tool';
		const workflow = chain('Agent', manualTrigger(), agent);
		workflow.nodes.push(chat, tool);
		const to = (type: string) => ({ [type]: [[{ node: 'Agent', type, index: 0 }]] });
		Object.assign(workflow.connections, { Model: to('ai_languageModel'), Gate: to('ai_tool') });
		return await client.untilStatus(await start(workflow), 'success');
	} finally {
		await model.close();
	}
}

const answer = (execution: Execution): string => execution.items('Agent')[0]?.json.output;

test('an agent gets the output of a job that ends in time', async () => {
	t.gates.open('quick', { answer: 42 });
	expect(answer(await askAgent('quick', {}))).toContain('"output":{"answer":42}');
});

test('an agent gets the id of a job that takes longer, and the execution does not park', async () => {
	const text = answer(await askAgent('slow', { firstWaitSeconds: 1 }));
	const [, jobId] = /"jobId":"(job_\w+)"/.exec(text) ?? [];
	expect(text).toContain('The job is still running');
	expect(await t.daemon.call('GET', `/v1/jobs/${jobId}`)).toMatchObject({ status: 'running' });
});

test('an agent gets the reason why a job failed', async () => {
	t.gates.fail('broken', 'the gate is rusty');
	expect(answer(await askAgent('broken', {}))).toContain('the gate is rusty');
});
