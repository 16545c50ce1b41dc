/** Imports and runs the example workflows, as a user does with a file in the editor. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { startChatModel } from './support/chat-model.mts';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import type { Execution, Json, Workflow } from './support/n8n-client.mts';
import { client, n8n } from './support/world.mts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const GUIDE = 'docs/guides/n8n-webhook-node';

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Sets the credentials, as a user does after the import. Resolves to the workflow's id. */
async function importFile(
	file: string,
	{ baseUrl, token }: DaemonProcess,
	{ credentials = {}, version = 2 }: { credentials?: Json; version?: number } = {},
): Promise<string> {
	const playgroundApi = await client.createCredential({ baseUrl, token });
	const workflow = JSON.parse(read(file)) as Workflow;
	for (const node of workflow.nodes) {
		const ours = node.type.startsWith('n8n-nodes-playground.');
		if (ours) Object.assign(node, { credentials: { playgroundApi }, typeVersion: version });
		if (node.type in credentials) node.credentials = credentials[node.type];
	}
	return (await client.rest('POST', '/workflows', workflow)).id;
}

async function runManually(workflowId: string): Promise<Execution> {
	const id = await client.runManually(workflowId, 'When clicking Execute workflow');
	return await client.untilStatus(id as string, 'success');
}

type Run = (file: string, daemon: DaemonProcess, version: number) => Promise<void>;

const RUNS: Record<string, Run> = {
	'n8n-nodes-playground/examples/run-and-wait.json': async (file, daemon, version) => {
		const execution = await runManually(await importFile(file, daemon, { version }));
		expect(execution.items('Run Job')[0]?.json.output).toMatchObject({ rows: 2 });
	},

	'n8n-nodes-playground/examples/errors-to-their-own-branch.json': async (
		file,
		daemon,
		version,
	) => {
		const execution = await runManually(await importFile(file, daemon, { version }));
		expect(execution.items('Use the output')).toHaveLength(1);
		expect(execution.items('Notify someone')).toMatchObject([
			{ json: { error: expect.stringContaining('input.text') } },
		]);
	},

	'n8n-nodes-playground/examples/events-by-kind.json': async (file, daemon, version) => {
		const workflowId = await importFile(file, daemon, { version });
		expect(await client.publish(workflowId)).toMatchObject({ status: 'published' });
		const good = { plugins: ['word-count'], input: { text: 'one two' } };
		const bad = { plugins: ['gate'], input: { url: 'http://127.0.0.1:9/' } };
		await daemon.call('POST', '/v1/jobs', good);
		await daemon.call('POST', '/v1/jobs', bad);
		const executions = await client.untilEnded(workflowId, 5);
		const ran = (node: string) => executions.filter((execution) => execution.runs(node) > 0).length;
		expect(ran('Note the start')).toBe(2);
		expect(ran('Update the dashboard')).toBe(1);
		expect(ran('Process the result')).toBe(1);
		expect(ran('Notify someone')).toBe(1);
		await client.unpublish(workflowId);
	},

	'n8n-nodes-playground/examples/agent-tool.json': async (file, daemon, version) => {
		const model = await startChatModel({ arguments: { csv: 'city,people\nZürich,447082\nBern,137995' } });
		try {
			const openAiApi = await client.createCredential(model.credential, 'openAiApi');
			const workflowId = await importFile(file, daemon, {
				version,
				credentials: { '@n8n/n8n-nodes-langchain.lmChatOpenAi': { openAiApi } },
			});
			const execution = await runManually(workflowId);
			const { description, parameters } = model.requests[0]?.tools[0].function;
			expect(description).toContain('Profiles a CSV');
			expect(parameters.properties).toHaveProperty('csv');
			const { output } = execution.items('AI Agent')[0]?.json ?? {};
			expect(output).toContain('"status":"completed"');
			expect(output).toContain('"max":447082');
		} finally {
			await model.close();
		}
	},

	[`${GUIDE}.json`]: async (file, daemon) => {
		const guide = read(`${GUIDE}.md`);
		const [, name, value] = /\| Name +\| `(.+?)` +\|\n\| Value +\| `(.+?)` +\|/.exec(guide) ?? [];
		const httpHeaderAuth = await client.createCredential({ name, value }, 'httpHeaderAuth');
		const workflowId = await importFile(file, daemon, {
			credentials: { 'n8n-nodes-base.webhook': { httpHeaderAuth } },
		});
		expect(await client.publish(workflowId)).toMatchObject({ status: 'published' });

		const [, registration] = /\/v1\/webhooks -d '([\s\S]+?)'/.exec(guide) ?? [];
		const webhook = JSON.parse(
			(registration as string).replace('http://127.0.0.1:5678', n8n.baseUrl),
		);
		const { id } = await daemon.call('POST', '/v1/webhooks', webhook);
		await daemon.call('POST', '/v1/jobs', { plugins: ['word-count'], input: { text: 'one two' } });
		const bad = { plugins: ['gate'], input: { url: 'http://127.0.0.1:9/' } };
		await daemon.call('POST', '/v1/jobs', bad);
		const executions = await client.untilEnded(workflowId, 5);
		const notes = (node: string) =>
			executions.flatMap((execution) => execution.items(node)).map(({ json }) => json.note);
		expect(notes('Note the start')).toHaveLength(2);
		expect(notes('Update the dashboard')).toEqual([
			expect.stringMatching(/^job_\w+ has done 1 plugins; word-count took [\d.]+ ms$/),
		]);
		expect(notes('Process the result')).toEqual([
			expect.stringMatching(/^job_\w+ processed 2 items in [\d.]+ ms$/),
		]);
		expect(notes('Alert and log')).toEqual([expect.stringContaining(' failed in gate: ')]);

		// What the guide says about n8n's responses.
		const { url } = webhook;
		const post = async (headers: Record<string, string>, event: Json) =>
			await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...headers },
				body: JSON.stringify(event),
			});
		expect((await post({}, { status: 'started' })).status).toBe(403);
		const event = {
			status: 'failed',
			jobId: 'job_1',
			error: 'why',
			progress: { currentPlugin: 'p' },
		};
		const answered = await post(webhook.headers, event);
		expect(await answered.json()).toEqual([{ note: 'job_1 failed in p: why' }]);
		const { items: deliveries } = await daemon.call('GET', `/v1/deliveries?webhookId=${id}`);
		const delivery = await daemon.call('GET', `/v1/deliveries/${deliveries[0].deliveryId}`);
		expect(JSON.parse(delivery.attempts[0].response)).toEqual([{ note: expect.any(String) }]);

		expect((await post(webhook.headers, { status: 'no event' })).status).toBe(500);
		const all = await client.untilEnded(workflowId, 8);
		const [failed] = all.filter(({ mode }) => mode === 'error');
		expect(failed?.items('Tell someone')[0]?.json.note).toContain(
			'An event with the status no event',
		);
		await client.unpublish(workflowId);
	},
};

const cases = Object.entries(RUNS).flatMap(([file, run]) =>
	// The files of 0.1.0 have version 1 of the nodes.
	(file.includes('/examples/') ? [2, 1] : [2]).map((version) => ({ file, version, run })),
);

describe.concurrent('the workflow in', () => {
	test.each(cases)(
		'$file runs with version $version of the nodes',
		async ({ file, version, run }) => {
			const daemon = await startDaemonProcess();
			try {
				await run(file, daemon, version);
			} finally {
				await daemon.remove();
			}
		},
	);
});

test('every example workflow is run here', () => {
	const files = globSync(['n8n-nodes-playground/examples/*.json', 'docs/**/*.json'], { cwd: ROOT });
	const workflows = files.filter((file) => {
		const { nodes, connections } = JSON.parse(read(file));
		return Array.isArray(nodes) && connections !== undefined;
	});
	expect(Object.keys(RUNS).sort()).toEqual(workflows.sort());
});
