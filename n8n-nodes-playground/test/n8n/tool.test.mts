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
	const input = "{ url: $fromAI('url', 'Of the gate', 'string') }";
	const tool = t.job({ name: 'Gate', input, options });
	return (await askWith(tool, { url: t.gates.url(gate) })).execution;
}

/** An agent whose model calls the tool once with these arguments, and repeats its result. */
async function askWith(tool: Node, toolArguments: Json) {
	const model = await startChatModel(toolArguments);
	try {
		const openAiApi = await client.createCredential(model.credential, 'openAiApi');
		const parameters = { promptType: 'define', text: 'Go through the gate', options: {} };
		const agent = langchain('Agent', 'agent', 3.1, { parameters });
		const chat = langchain('Model', 'lmChatOpenAi', 1.3, {
			credentials: { openAiApi },
			parameters: { model: { __rl: true, mode: 'id', value: 'any' }, responsesApiEnabled: false },
		});
		tool.type += 'Tool';
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

/** The form of a tool, as the editor fills it in when the user chooses the plugin. */
async function formOf(plugin: string): Promise<Json> {
	const { fields } = await client.rest('POST', '/dynamic-node-parameters/resource-mapper-fields', {
		path: 'parameters.input',
		methodName: 'getInputFields',
		nodeTypeAndVersion: { name: 'n8n-nodes-playground.runJobTool', version: 2 },
		currentNodeParameters: { plugin: { __rl: true, mode: 'list', value: plugin } },
		credentials: { playgroundApi: t.credential },
	});
	const value = Object.fromEntries(
		fields.flatMap(({ id, defaultValue }: Json) => (defaultValue ? [[id, defaultValue]] : [])),
	);
	return { mappingMode: 'defineBelow', value, schema: fields, matchingColumns: [] };
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

test('an agent gets the fields of the chosen plugin, with their descriptions', async () => {
	const tool = t.job({ name: 'Count', plugin: 'word-count' });
	const input = await formOf('word-count');
	tool.parameters = { ...tool.parameters, inputMode: 'form', input };
	const { execution, requests } = await askWith(tool, { text: 'one two three' });
	const { parameters } = requests[0]?.tools[0].function;
	expect(parameters.required).toEqual(['text']);
	expect(parameters.properties.text).toMatchObject({
		type: 'string',
		description: expect.stringMatching(/^Counts words/),
	});
	expect(answer(execution)).toContain('"words":3');
});
