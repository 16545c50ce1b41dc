import { describe, expect, test } from 'vitest';
import { useGatedDaemon } from './support/gated-daemon.mts';
import type { Json } from './support/n8n-client.mts';
import { startProxy } from './support/proxy.mts';
import { until } from './support/until.mts';
import {
	calledByWorkflow,
	chain,
	code,
	executeWorkflow,
	field,
	items,
	link,
	manualTrigger,
	noOp,
	runJob,
	webhook,
} from './support/workflows.mts';
import { client, n8n, start } from './support/world.mts';

/** An image of one pixel. */
const PNG =
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** Parks without waiting first. */
const PARKS = { firstWaitSeconds: 0 };

const t = useGatedDaemon();
const { job, at } = t;

/** The deliveries with which the daemon resumes the execution. */
async function callbacks(executionId: string): Promise<Json[]> {
	const { items: deliveries } = await t.daemon.call('GET', '/v1/deliveries?limit=500');
	return deliveries.filter(({ url }: Json) => url.includes(`/webhook-waiting/${executionId}/`));
}

const outputs = (all: Json[]) => all.map(({ json }) => json.output);

/** Gives the name of each input item and the output for it. */
const pairs = () => field('Pairs', '`${$("Items").item.json.name} ${$json.output.answer}`');

describe.concurrent('Run Job', () => {
	test.each([1, 3, 200])('runs %i items as one batch without a callback', async (count) => {
		const many = code(
			'Items',
			`return Array.from({ length: ${count} }, (_, index) => ({ json: { text: 'a '.repeat(index) } }));`,
		);
		const count_ = job({
			plugin: 'word-count',
			input: '{ text: $json.text }',
			options: { firstWaitSeconds: 60 },
		});
		const check = field('Check', '`${$("Items").item.json.text.length / 2} ${$json.output.words}`');
		const id = await start(chain(`${count} items`, manualTrigger(), many, count_, check));
		const execution = await client.untilStatus(id, 'success');

		const expected = Array.from({ length: count }, (_, index) => `${index} ${index}`);
		expect(execution.items('Check').map(({ json }) => json.value)).toEqual(expected);
		expect(await callbacks(id)).toHaveLength(0);
	});

	test('returns the outputs in the order of the items if jobs end out of order after parking', async () => {
		const names = ['ordered-1', 'ordered-2', 'ordered-3'];
		const id = await start(
			chain(
				'Out of order',
				manualTrigger(),
				at(...names),
				job({ options: { firstWaitSeconds: 1 } }),
				pairs(),
			),
		);
		await client.untilStatus(id, 'waiting');
		for (const index of [2, 0, 1]) {
			await t.gates.untilArrived(names[index] as string);
			t.gates.open(names[index] as string, { answer: index });
		}
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('Pairs').map(({ json }) => json.value)).toEqual([
			'ordered-1 0',
			'ordered-2 1',
			'ordered-3 2',
		]);
		expect(execution.runs('Run Job')).toBe(1);
		expect(await callbacks(id)).toMatchObject([{ event: 'batch' }]);
	});

	test('sends three requests to the daemon, for any number of items and any time', async () => {
		const proxy = await startProxy(t.daemon.baseUrl);
		try {
			const { baseUrl } = proxy;
			// A token that may only run jobs is enough.
			const token = await t.daemon.addToken('run');
			const counted = await client.createCredential({ baseUrl, token });
			const names = ['counted-1', 'counted-2', 'counted-3'];
			const parked = runJob({ credential: counted, options: PARKS });
			const id = await start(chain('Counted', manualTrigger(), at(...names), parked));
			await client.untilStatus(id, 'waiting');
			for (const name of names) {
				await t.gates.untilArrived(name);
				t.gates.open(name, { answer: name });
			}
			expect((await client.untilStatus(id, 'success')).items('Run Job')).toHaveLength(3);
			expect(proxy.calls).toEqual([
				'POST /v1/batches',
				expect.stringMatching(/^PUT \/v1\/batches\/\w+\/webhook\?probe=true$/),
				expect.stringMatching(/^GET \/v1\/batches\/\w+$/),
			]);
		} finally {
			await proxy.close();
		}
	});

	test('parks in a published workflow', async () => {
		const workflow = await client.createWorkflow(
			chain('Published', webhook('published'), job({ options: PARKS, input: '$json.body' })),
		);
		await client.publish(workflow);
		const response = await fetch(`${n8n.baseUrl}/webhook/published`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ url: t.gates.url('published') }),
		});
		expect(response.status).toBe(200);
		const waiting = await until('it is parked', async () => {
			const [execution] = await client.executions(workflow);
			return execution?.status === 'waiting' && execution;
		});
		expect(waiting.mode).toBe('webhook');
		t.gates.open('published', { answer: 'in production' });
		const execution = await client.untilStatus(waiting.id, 'success');
		expect(outputs(execution.items('Run Job'))).toEqual([{ answer: 'in production' }]);
		await client.unpublish(workflow);
	});

	test('waits within the execution behind a webhook that responds with the last node', async () => {
		const workflow = await client.createWorkflow(
			chain(
				'Last node',
				webhook('last-node', { responseMode: 'lastNode' }),
				job({ options: { ...PARKS, outputAs: 'output' }, input: '$json.body' }),
			),
		);
		await client.publish(workflow);
		const responding = fetch(`${n8n.baseUrl}/webhook/last-node`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ url: t.gates.url('last node') }),
		});
		await t.gates.untilArrived('last node');
		t.gates.open('last node', { answer: 'of the job' });
		const response = await responding;
		expect([response.status, await response.json()]).toEqual([200, { answer: 'of the job' }]);
		await client.unpublish(workflow);
	});

	test('splits lists in the outputs of parked jobs into items with the right input', async () => {
		const names = ['split-1', 'split-2'];
		const split = job({ options: { ...PARKS, outputAs: 'items', outputField: 'parts' } });
		const id = await start(
			chain(
				'Split',
				manualTrigger(),
				at(...names),
				split,
				field('Pairs', '`${$("Items").item.json.name} ${$json.part}`'),
			),
		);
		await client.untilStatus(id, 'waiting');
		for (const name of names) t.gates.open(name, { parts: [{ part: 1 }, { part: 2 }] });
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('Pairs').map(({ json }) => json.value)).toEqual([
			'split-1 1',
			'split-1 2',
			'split-2 1',
			'split-2 2',
		]);
	});

	test('runs more items than fit into a batch, and resumes once', async () => {
		const many = code(
			'Items',
			"return Array.from({ length: 1500 }, (_, index) => ({ json: { text: 'a '.repeat(index % 7) } }));",
		);
		const parked = job({ plugin: 'word-count', input: '{ text: $json.text }', options: PARKS });
		const id = await start(chain('1500 items', manualTrigger(), many, parked));
		const execution = await client.untilStatus(id, 'success');
		const words = execution.items('Run Job').map(({ json }) => json.output.words);
		expect(words).toEqual(Array.from({ length: 1500 }, (_, index) => index % 7));
	});

	test('waits for jobs that were submitted before, and returns what they logged', async () => {
		const submit = job({ name: 'Submit', operation: 'start' });
		const wait = job({ name: 'Wait', operation: 'wait', jobId: '={{ $json.jobId }}' });
		const logs = job({ name: 'Logs', operation: 'getLogs', jobId: '={{ $json.jobId }}' });
		const id = await start(
			chain('Wait', manualTrigger(), at('waited-1', 'waited-2'), submit, wait, logs),
		);
		for (const name of ['waited-2', 'waited-1']) {
			await t.gates.untilArrived(name);
			t.gates.open(name, { answer: name });
		}
		const execution = await client.untilStatus(id, 'success');
		expect(outputs(execution.items('Wait'))).toEqual([
			{ answer: 'waited-1' },
			{ answer: 'waited-2' },
		]);
	});

	test('lists and retries jobs', async () => {
		t.gates.fail('listed', 'not yet');
		const failed = await t.daemon.call('POST', '/v1/jobs', {
			plugins: ['gate'],
			name: 'to list',
			input: { url: t.gates.url('listed') },
		});
		await until('the job has failed', async () => {
			const { status } = await t.daemon.call('GET', `/v1/jobs/${failed.jobId}`);
			return status === 'failed';
		});
		t.gates.open('listed', { answer: 'now' });
		const list = job({ name: 'List', operation: 'getMany', jobId: '' });
		list.parameters = {
			operation: 'getMany',
			filters: { status: 'failed', name: 'to list' },
		};
		const retry = job({ name: 'Retry', operation: 'retry', jobId: '={{ $json.jobId }}' });
		const wait = job({ name: 'Wait', operation: 'wait', jobId: '={{ $json.jobId }}' });
		const id = await start(chain('List and retry', manualTrigger(), list, retry, wait));
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('List').map(({ json }) => json.jobId)).toEqual([failed.jobId]);
		expect(outputs(execution.items('Wait'))).toEqual([{ answer: 'now' }]);
	});

	test('parks with 200 instant jobs, whose callback may arrive before n8n has parked', async () => {
		const many = code(
			'Items',
			"return Array.from({ length: 200 }, (_, index) => ({ json: { text: 'a '.repeat(index) } }));",
		);
		const parked = job({ plugin: 'word-count', input: '{ text: $json.text }', options: PARKS });
		const id = await start(chain('Instant', manualTrigger(), many, parked));
		const execution = await client.untilStatus(id, 'success');
		const words = outputs(execution.items('Run Job')).map((output) => output.words);
		expect(words).toEqual(Array.from({ length: 200 }, (_, index) => index));
	});

	test('parks in parallel branches, one after the other', async () => {
		const workflow = chain('Branches', manualTrigger(), at('left-right'), noOp('Fork'));
		const [left, right] = [
			job({ name: 'Left', options: PARKS }),
			job({ name: 'Right', options: PARKS }),
		];
		workflow.nodes.push(left, right, noOp('Left done'), noOp('Right done'));
		Object.assign(
			workflow.connections,
			link('Fork', 'Left', 'Right'),
			link('Left', 'Left done'),
			link('Right', 'Right done'),
		);
		t.gates.open('left-right', { answer: 'left' });
		t.gates.open('left-right', { answer: 'right' });
		const execution = await client.untilStatus(await start(workflow), 'success');
		expect(outputs(execution.items('Left done'))).toEqual([{ answer: 'left' }]);
		expect(outputs(execution.items('Right done'))).toEqual([{ answer: 'right' }]);
	});

	test('parks in each round of a loop', async () => {
		const loop = {
			...noOp('Loop'),
			type: 'n8n-nodes-base.splitInBatches',
			typeVersion: 3,
			parameters: { batchSize: 1, options: {} },
		};
		const workflow = chain('Loop', manualTrigger(), at('round-1', 'round-2', 'round-3'), loop);
		workflow.nodes.push(job({ options: PARKS }), noOp('Done'));
		const to = (name: string) => [{ node: name, type: 'main', index: 0 }];
		Object.assign(workflow.connections, link('Run Job', 'Loop'), {
			Loop: { main: [to('Done'), to('Run Job')] },
		});
		for (const round of [1, 2, 3]) t.gates.open(`round-${round}`, { answer: round });
		const execution = await client.untilStatus(await start(workflow), 'success');
		expect(outputs(execution.items('Done'))).toEqual([{ answer: 1 }, { answer: 2 }, { answer: 3 }]);
		expect(execution.runs('Run Job')).toBe(3);
	});

	test('parks in a sub-workflow, with the workflow that called it', async () => {
		const child = await client.createWorkflow(
			chain('Child', calledByWorkflow(), job({ options: PARKS })),
		);
		expect(await client.publish(child)).toMatchObject({ status: 'published' });
		const id = await start(
			chain('Parent', manualTrigger(), at('sub-1', 'sub-2'), executeWorkflow(child), noOp('After')),
		);
		await client.untilStatus(id, 'waiting');
		t.gates.open('sub-2', { answer: 2 });
		t.gates.open('sub-1', { answer: 1 });
		const execution = await client.untilStatus(id, 'success');
		expect(outputs(execution.items('After'))).toEqual([{ answer: 1 }, { answer: 2 }]);
	});

	test('parks under `n8n execute`, and the running n8n resumes it', async () => {
		const workflow = await client.createWorkflow(
			chain('CLI', manualTrigger(), at('cli'), job({ options: PARKS }), noOp('After')),
		);
		const written = await n8n.run(['execute', `--id=${workflow}`]);
		const [execution] = await client.executions(workflow);
		expect(execution, written).toMatchObject({ status: 'waiting', mode: 'cli' });
		t.gates.open('cli', { answer: 'here' });
		const resumed = await client.untilStatus(execution?.id, 'success');
		expect(outputs(resumed.items('After'))).toEqual([{ answer: 'here' }]);
	});

	test('runs several plugins in order, with a name, metadata and a webhook of its own', async () => {
		const several = job({
			plugin: 'html-to-markdown',
			input: '{ html: $json.html }',
			further: [{ name: 'text-chunk', options: '{"maxTokens": 8, "overlapTokens": 0}' }],
			options: {
				pluginOptions: '{"mainContentOnly": false}',
				name: 'nightly',
				metadata: '{"customer": 7}',
				webhook: { target: { url: t.gates.url('own webhook'), on: ['completed'], retries: 0 } },
				firstWaitSeconds: 60,
			},
		});
		const get = job({ name: 'Get', operation: 'get', jobId: '={{ $json.jobId }}' });
		t.gates.open('own webhook', {});
		const html = items({ html: '<p>Flour, water, salt and time. Nothing else is needed.</p>' });
		const id = await start(chain('Several', manualTrigger(), html, several, get));
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('Run Job')[0]?.json.output.count).toBeGreaterThan(1);
		expect(execution.items('Get')[0]?.json).toMatchObject({
			plugins: ['html-to-markdown', 'text-chunk'],
			name: 'nightly',
			metadata: { customer: 7 },
		});
		await t.gates.untilArrived('own webhook');
	});

	test('puts a file of the item into the input and makes a file of the output', async () => {
		const png = code(
			'Items',
			`return [{ json: {}, binary: { data: { data: '${PNG}', mimeType: 'image/png' } } }];`,
		);
		const resize = job({
			plugin: 'image-resize',
			input: '{}',
			options: {
				binaryInput: { file: [{ binaryProperty: 'data', field: 'base64' }] },
				binaryOutput: {
					file: [{ binaryProperty: 'small', field: 'base64', fileName: 'small.webp' }],
				},
				pluginOptions: '{"format": "webp"}',
				firstWaitSeconds: 60,
			},
		});
		const id = await start(chain('Files', manualTrigger(), png, resize));
		const [item] = (await client.untilStatus(id, 'success')).items('Run Job');
		expect(item?.json.output).toMatchObject({ format: 'webp', original: { format: 'png' } });
		expect(item?.json.output).not.toHaveProperty('base64');
		expect(item?.binary.small).toMatchObject({ fileName: 'small.webp', mimeType: 'image/webp' });
	});

	test('uploads a file of the item, and downloads a file that a plugin has stored', async () => {
		const text = code(
			'Items',
			`const data = Buffer.from('as it was').toString('base64');
			return [{ json: {}, binary: { data: { data, fileName: 'a.txt', mimeType: 'text/plain' } } }];`,
		);
		const zip = job({
			name: 'Pack',
			plugin: 'zip',
			input: '{"files": []}',
			options: {
				binaryInput: { file: [{ binaryProperty: 'data', field: 'files.0', sendAs: 'reference' }] },
				binaryOutput: { file: [{ binaryProperty: 'archive', field: 'file' }] },
				firstWaitSeconds: 60,
				pluginOptions: '{"outputName": "week.zip"}',
			},
		});
		// n8n keeps the downloaded archive in a file of its own, and streams that.
		const unzip = job({
			name: 'List',
			plugin: 'unzip',
			input: '{}',
			options: {
				binaryInput: { file: [{ binaryProperty: 'archive', field: 'file', sendAs: 'reference' }] },
				firstWaitSeconds: 60,
			},
		});
		const id = await start(chain('Stored files', manualTrigger(), text, zip, unzip));
		const execution = await client.untilStatus(id, 'success');
		const [packed] = execution.items('Pack');
		expect(packed?.json.output).not.toHaveProperty('file');
		expect(packed?.binary.archive).toMatchObject({
			id: expect.any(String),
			fileName: 'week.zip',
			mimeType: 'application/zip',
		});
		const [listed] = execution.items('List');
		expect(listed?.json.output.listed).toMatchObject([{ name: 'a.txt', bytes: 9 }]);
	});

	test('returns ids without waiting, and the operation Get returns their jobs', async () => {
		const started = job({ name: 'Submit', operation: 'start' });
		const get = job({ name: 'Get', operation: 'get', jobId: '={{ $json.jobId }}' });
		t.gates.open('started', { answer: 'later' });
		const id = await start(chain('Start and get', manualTrigger(), at('started'), started, get));
		const execution = await client.untilStatus(id, 'success');
		const [{ json } = {} as Json] = execution.items('Submit');
		expect(json).toMatchObject({ jobId: expect.stringMatching(/^job_/), status: 'queued' });
		expect(execution.items('Get')[0]?.json).toMatchObject({ jobId: json.jobId, plugins: ['gate'] });
	});
});
