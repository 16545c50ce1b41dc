/** Run Job as a tool of n8n's agent. published-workflows.test.mts runs examples/agent-tool.json. */
import { expect, test } from 'vitest';
import { ask } from './support/agent.mts';
import { useGatedDaemon } from './support/gated-daemon.mts';
import type { Execution, Json } from './support/n8n-client.mts';
import type { Node } from './support/workflows.mts';
import { client } from './support/world.mts';

const t = useGatedDaemon();

/** An agent whose model calls the tool once, with the gate's URL, and repeats its result. */
async function askAgent(gate: string, options: Json): Promise<Execution> {
	const input = "{ url: $fromAI('url', 'Of the gate', 'string') }";
	const tool = t.job({ name: 'Gate', input, options });
	return (await askRunJob(tool, { url: t.gates.url(gate) })).execution;
}

async function askRunJob(tool: Node, toolArguments: Json) {
	tool.type += 'Tool';
	return await ask(tool, { arguments: toolArguments });
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
	const { execution, requests } = await askRunJob(tool, { text: 'one two three' });
	const { parameters } = requests[0]?.tools[0].function;
	expect(parameters.required).toEqual(['text']);
	expect(parameters.properties.text).toMatchObject({
		type: 'string',
		description: expect.stringMatching(/^Counts words/),
	});
	expect(answer(execution)).toContain('"words":3');
});
