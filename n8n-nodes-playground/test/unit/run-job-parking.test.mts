import { WAIT_INDEFINITELY, type IDataObject, type INode } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunJob } from '../../nodes/RunJob/RunJob.node';
import { serveBatches } from './support/batches.mts';
import { executeContext, NODE, webhookContext, type ExecuteWorld } from './support/contexts.mts';
import { problem, startDaemon, type Daemon } from './support/daemon.mts';

const node = new RunJob();
let daemon: Daemon;

beforeEach(async () => {
	daemon = await startDaemon();
});
afterEach(() => daemon.stop());

const INPUT = [0, 1, 2].map((index) => ({ json: { index } }));

/** Runs the node on three items whose jobs do not end, so that the execution parks. */
async function parkThree(more: Partial<ExecuteWorld> & { options?: IDataObject } = {}) {
	const played = serveBatches(daemon, () => null);
	const { options = {}, ...rest } = more;
	const items = structuredClone(more.items ?? INPUT);
	const world: ExecuteWorld = {
		baseUrl: daemon.baseUrl,
		parameters: {
			operation: 'run',
			plugin: { value: 'word-count' },
			inputMode: 'json',
			inputJson: (index: number) => ({ index }),
			further: {},
			options,
		},
		...rest,
		items,
	};
	const parked = executeContext(world);
	const output = await node.execute.call(parked.context);
	const url = new URL(played.batches[0]?.webhook?.url ?? '');
	return { ...played, ...parked, world, items, output, url };
}

type Parked = Awaited<ReturnType<typeof parkThree>>;

/** Calls the node as n8n does after the daemon's callback. */
async function callBack(
	parked: Parked,
	more: {
		query?: Record<string, string>;
		body?: IDataObject;
		node?: Partial<INode>;
		isOldN8n?: boolean;
	} = {},
) {
	const source = { main: [{ previousNode: 'Before' }] };
	const entry = {
		node: { id: NODE.id, disabled: true },
		data: { main: [parked.items] },
		source,
	};
	const runExecutionData = {
		executionData: { nodeExecutionStack: [entry] },
		resultData: { runData: { Before: [{ data: { main: [INPUT] } }] } },
	};
	const { context, answer } = webhookContext({
		baseUrl: daemon.baseUrl,
		node: more.node,
		body: more.body,
		query: more.query ?? Object.fromEntries(parked.url.searchParams),
		// n8n stores a waiting execution in its database, so the node gets a copy.
		nodeContext: JSON.parse(JSON.stringify(parked.nodeContext)),
		...(!more.isOldN8n && { runExecutionData }),
	});
	const response = await node.webhook.call(context);
	return {
		response,
		answer,
		items: response.workflowData?.[0],
		/** Whether n8n now calls execute(). */
		isExecuted: !entry.node.disabled,
	};
}

describe('parking', () => {
	test('asks for one callback, to this node of this execution', async () => {
		const { url, batches, waits } = await parkThree();
		expect(batches).toHaveLength(1);
		expect(url.pathname).toBe(`/webhook-waiting/42/${NODE.id}`);
		expect(url.searchParams.get('signature')).toBe('resume-token');
		expect(url.searchParams.get('batch')).toMatch(/^[0-9a-f]{40}$/);
		expect(batches[0]?.webhook?.retries).toBe(10);
		expect(waits).toHaveLength(1);
	});

	test('waits for 7 days, and in version 1, with Run At, Retry On Fail or a deadline of 0 without end', async () => {
		const week = 7 * 24 * 60 * 60_000;
		const before = Date.now();
		const { waits, items } = await parkThree();
		expect(Number(waits[0]) - before).toBeGreaterThanOrEqual(week);
		expect(Number(waits[0]) - before).toBeLessThan(week + 5_000);
		expect(items[0]).toMatchObject({
			json: { error: expect.stringContaining('did not end within 7 days') },
		});
		const without = await parkThree({ options: { deadlineMinutes: 0 } });
		expect(without.waits).toEqual([WAIT_INDEFINITELY]);
		for (const runAt of ['2100-01-01T00:00:00Z', '']) {
			const scheduled = await parkThree({ options: { runAt } });
			expect(scheduled.waits).toEqual([WAIT_INDEFINITELY]);
		}
		const retrying = await parkThree({ node: { retryOnFail: true } });
		expect(retrying.waits).toEqual([WAIT_INDEFINITELY]);
		const version1 = await parkThree({ node: { typeVersion: 1 } });
		expect(version1.waits).toEqual([WAIT_INDEFINITELY]);
	});

	test('fails, with what to set, if the daemon cannot reach n8n', async () => {
		const { batches } = serveBatches(daemon, () => null);
		const detail =
			"The webhook's URL cannot be reached at localhost:5678: the request failed with ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:5678.";
		daemon.on('PUT /v1/batches/:id/webhook', ({ path }) =>
			path.endsWith('?probe=true')
				? problem(422, 'WEBHOOK_UNREACHABLE', detail)
				: problem(500, 'INTERNAL', 'The URL was not tried.'),
		);
		const { context, waits } = executeContext({
			baseUrl: daemon.baseUrl,
			parameters: {
				operation: 'run',
				plugin: { value: 'word-count' },
				inputMode: 'json',
				inputJson: {},
				further: {},
				options: {},
			},
			items: structuredClone(INPUT),
		});
		await expect(node.execute.call(context)).rejects.toMatchObject({
			message: `Playground cannot call n8n back: ${detail}`,
			description: expect.stringContaining('N8N_WEBHOOK_URL'),
		});
		expect(batches).toHaveLength(1);
		expect(waits).toEqual([]);
	});

	test('with a deadline replaces the input by error items', async () => {
		const before = Date.now();
		const { waits, items, output } = await parkThree({ options: { deadlineMinutes: 0.5 } });
		expect(Number(waits[0]) - before).toBeGreaterThanOrEqual(30_000);
		expect(Number(waits[0]) - before).toBeLessThan(35_000);
		expect(items).toMatchObject([
			{ json: { details: { jobId: 'job_1', status: 'timeout' } }, pairedItem: { item: 0 } },
			{ json: { details: { jobId: 'job_2', status: 'timeout' } }, pairedItem: { item: 1 } },
			{ json: { details: { jobId: 'job_3', status: 'timeout' } }, pairedItem: { item: 2 } },
		]);
		expect(output[0]).toEqual(items);
		// n8n empties the array that it gets. At the deadline it would pass on the emptied input.
		expect(output[0]).not.toBe(items);
	});

	test.each([
		['stopWorkflow', 'fails the node'],
		['continueErrorOutput', 'gives error items'],
	])('under %s, if the daemon refuses the callback, %s and does not wait', async (onError) => {
		const { batches } = serveBatches(daemon, () => null);
		daemon.on('PUT /v1/batches/:id/webhook', () => problem(503, 'STOPPING', 'It is stopping.'));
		const { context, waits } = executeContext({
			baseUrl: daemon.baseUrl,
			node: { onError: onError as 'stopWorkflow' },
			parameters: {
				operation: 'run',
				plugin: { value: 'word-count' },
				inputMode: 'json',
				inputJson: {},
				further: {},
				options: {},
			},
		});
		const executed = node.execute.call(context);
		if (onError === 'stopWorkflow') await expect(executed).rejects.toThrow('It is stopping.');
		else {
			const [items] = await executed;
			const details = { jobId: 'job_1', status: 'running' };
			expect(items).toEqual([
				{ json: { error: 'It is stopping.', details }, pairedItem: { item: 0 } },
			]);
		}
		expect(batches).toHaveLength(1);
		expect(waits).toEqual([]);
	});

	test('is tried again under Retry On Fail if the daemon refused the callback', async () => {
		const { batches } = serveBatches(daemon, () => null);
		let refused = 0;
		daemon.on('PUT /v1/batches/:id/webhook', () =>
			refused++ === 0
				? problem(503, 'STOPPING', 'It is stopping.')
				: { status: 200, body: { batchId: 'batch_1', jobs: [] } },
		);
		const { context, waits } = executeContext({
			baseUrl: daemon.baseUrl,
			node: { retryOnFail: true },
			parameters: {
				operation: 'run',
				plugin: { value: 'word-count' },
				inputMode: 'json',
				inputJson: {},
				further: {},
				options: {},
			},
		});
		await expect(node.execute.call(context)).rejects.toThrow('It is stopping.');
		await node.execute.call(context);
		expect([batches.length, waits.length]).toEqual([1, 1]);
	});

	test('keeps the resume token out of the context and the output', async () => {
		const { nodeContext, output } = await parkThree({ options: { deadlineMinutes: 1 } });
		expect(JSON.stringify([nodeContext, output])).not.toContain('resume-token');
	});
});

describe('the callback', () => {
	test('gives one item per input item, in the order of the input', async () => {
		const parked = await parkThree();
		for (const index of [2, 0, 1]) parked.end(index, { output: index * 10 });
		const { response, items, isExecuted } = await callBack(parked);
		expect(items).toEqual(
			[0, 1, 2].map((item) => ({
				json: { jobId: `job_${item + 1}`, status: 'completed', output: item * 10 },
				pairedItem: { item },
			})),
		);
		expect(response.webhookResponse).toEqual({ resumed: true });
		expect(isExecuted).toBe(false);
	});

	test('gets the results from the daemon and not from the request', async () => {
		const parked = await parkThree();
		parked.end(0, { output: 1 });
		const { response, answer } = await callBack(parked);
		expect(response).toEqual({ noWebhookResponse: true });
		expect(answer.status).toBe(503);
	});

	test('for another batch resumes nothing', async () => {
		const parked = await parkThree();
		for (const index of [0, 1, 2]) parked.end(index, { output: 1 });
		const { response } = await callBack(parked, { query: { batch: 'of an earlier run' } });
		expect(response).toEqual({ webhookResponse: { resumed: false } });
	});

	test('gets a 503, so that it is repeated, while the daemon does not answer', async () => {
		const parked = await parkThree();
		await daemon.stop();
		const { response, answer } = await callBack(parked);
		expect(response).toEqual({ noWebhookResponse: true });
		expect(answer.status).toBe(503);
		daemon = await startDaemon();
	});

	test('resumes with an error for every item if the daemon no longer has the batch', async () => {
		const parked = await parkThree();
		parked.batches.splice(0);
		const { items } = await callBack(parked, { node: { onError: 'continueRegularOutput' } });
		expect(items?.map(({ json }) => json)).toEqual(
			Array.from({ length: 3 }, () => ({ error: 'Playground no longer has this job' })),
		);
	});
});

describe('items in several batches', () => {
	test('resume when the last batch has ended, in the order of the input', async () => {
		const items = Array.from({ length: 1002 }, (_, index) => ({ json: { index } }));
		const parked = await parkThree({ items });
		expect(parked.batches.map(({ webhook }) => webhook?.url)).toEqual([
			parked.url.href,
			parked.url.href,
		]);
		for (const index of [1000, 1001]) parked.end(index, { output: index });
		const early = await callBack(parked, { body: { batchId: 'batch_2' } });
		expect(early.response).toEqual({ webhookResponse: { resumed: false } });
		expect(early.answer.status).toBeUndefined();
		for (let index = 0; index < 1000; index++) parked.end(index, { output: index });
		const { items: output } = await callBack(parked, { body: { batchId: 'batch_1' } });
		expect(output?.map(({ json }) => json.output)).toEqual(items.map(({ json }) => json.index));
	});

	test('that the daemon no longer has become errors, and the others keep their places', async () => {
		const items = Array.from({ length: 1002 }, (_, index) => ({ json: { index } }));
		const parked = await parkThree({ items });
		for (const index of [1000, 1001]) parked.end(index, { output: index });
		parked.batches.splice(0, 1);
		const { items: output } = await callBack(parked, {
			node: { onError: 'continueRegularOutput' },
		});
		expect(output?.at(999)?.json).toEqual({ error: 'Playground no longer has this job' });
		expect(output?.slice(1000).map(({ json }) => json.output)).toEqual([1000, 1001]);
	});
});

test('an execution that 0.1.0 has parked resumes', async () => {
	const parked = await parkThree();
	const { key, batches, slots } = parked.nodeContext.parked as any;
	parked.nodeContext.parked = { key, batchId: batches[0].batchId, slots };
	for (const index of [0, 1, 2]) parked.end(index, { output: index });
	const { items } = await callBack(parked);
	expect(items?.map(({ json }) => json.output)).toEqual([0, 1, 2]);
});

describe('a job that fails after parking', () => {
	const retrying = { retryOnFail: true, onError: 'stopWorkflow' as const };

	async function parkAndFailSecond(world: Partial<ExecuteWorld> & { options?: IDataObject } = {}) {
		const parked = await parkThree(world);
		parked.end(0, { output: 1 });
		parked.end(1, { status: 'failed', error: 'bad page', errorCode: 'PLUGIN_THREW' });
		parked.end(2, { output: 3 });
		return parked;
	}

	/** Executes the node again, as n8n does after the callback or when a person retries the execution. */
	function executeAgain(parked: Parked, more: Partial<ExecuteWorld> = {}) {
		const { nodeContext, world } = parked;
		return node.execute.call(executeContext({ ...world, nodeContext, ...more }).context);
	}

	test.each(['continueErrorOutput', 'continueRegularOutput'] as const)(
		'becomes an error item among the others under %s',
		async (onError) => {
			const parked = await parkAndFailSecond({ node: { onError } });
			const { items, isExecuted } = await callBack(parked, { node: { onError } });
			expect(items).toMatchObject([
				{ json: { output: 1 } },
				{
					json: {
						error: 'bad page',
						details: { jobId: 'job_2', status: 'failed', errorCode: 'PLUGIN_THREW' },
					},
					pairedItem: { item: 1 },
				},
				{ json: { output: 3 } },
			]);
			expect(isExecuted).toBe(false);
		},
	);

	test.each<[string, IDataObject]>([
		['without a deadline', {}],
		['with a deadline, which replaced the input', { deadlineMinutes: 1 }],
	])('%s, fails the node under stopWorkflow', async (_when, options) => {
		const parked = await parkAndFailSecond({ options });
		const { items, isExecuted } = await callBack(parked);
		expect(isExecuted).toBe(true);
		expect(items).toEqual(INPUT);
		await expect(executeAgain(parked, { items })).rejects.toMatchObject({
			message: 'bad page',
			context: { itemIndex: 1 },
		});
		expect(parked.batches).toHaveLength(1);
	});

	test('runs again when the execution is retried', async () => {
		const parked = await parkAndFailSecond();
		await callBack(parked);
		await expect(executeAgain(parked)).rejects.toThrow('bad page');
		serveBatches(daemon, () => ({ output: 'now' }));
		const [items] = await executeAgain(parked, { executionId: '43' });
		expect(items?.map(({ json }) => json.output)).toEqual(['now', 'now', 'now']);
	});

	test('runs again under Retry On Fail, and the others do not', async () => {
		const parked = await parkAndFailSecond({ node: retrying });
		expect((await callBack(parked, { node: retrying })).isExecuted).toBe(true);
		await expect(executeAgain(parked)).rejects.toThrow('bad page');
		const again = executeContext({ ...parked.world, nodeContext: parked.nodeContext });
		await node.execute.call(again.context);
		expect(again.waits).toHaveLength(1);
		expect(parked.jobs).toHaveLength(4);
		parked.end(3, { output: 2 });
		const { items } = await callBack({
			...parked,
			url: new URL(parked.batches[1]?.webhook?.url ?? ''),
		});
		expect(items?.map(({ json }) => json.output)).toEqual([1, 2, 3]);
	});

	test('runs again under Retry On Fail in a node that continues on errors', async () => {
		const continuing = { ...retrying, onError: 'continueErrorOutput' as const };
		const parked = await parkAndFailSecond({ node: continuing });
		expect((await callBack(parked, { node: continuing })).isExecuted).toBe(true);
		const [items] = await executeAgain(parked);
		expect(items?.map(({ json }) => json.output ?? json.error)).toEqual([1, 'bad page', 3]);
		await executeAgain(parked);
		expect(parked.jobs).toHaveLength(4);
	});

	test('does not run again under Retry On Fail in version 1', async () => {
		const version1 = { ...retrying, typeVersion: 1 };
		const parked = await parkAndFailSecond({ node: version1 });
		await callBack(parked, { node: version1 });
		for (const _try of [1, 2, 3]) {
			await expect(executeAgain(parked)).rejects.toThrow('bad page');
		}
		expect(parked.jobs).toHaveLength(3);
	});

	test('becomes an error item if n8n gives no way to fail the node', async () => {
		const parked = await parkThree();
		for (const index of [0, 1, 2]) parked.end(index, { status: 'failed', error: 'bad page' });
		const { items } = await callBack(parked, { isOldN8n: true });
		expect(items?.map(({ json }) => json.error)).toEqual(['bad page', 'bad page', 'bad page']);
	});
});

test('lists in outputs of parked jobs are split, and each entry is paired with its input', async () => {
	const parked = await parkThree({ options: { outputAs: 'items' } });
	for (const index of [0, 1, 2]) parked.end(index, { output: [{ a: index }, { b: index }] });
	const { items: input, isExecuted } = await callBack(parked);
	expect([isExecuted, input]).toEqual([true, INPUT]);
	const { nodeContext, world } = parked;
	const [items] = await node.execute.call(executeContext({ ...world, nodeContext }).context);
	expect(items?.slice(2, 4)).toEqual([
		{ json: { a: 1 }, pairedItem: { item: 1 } },
		{ json: { b: 1 }, pairedItem: { item: 1 } },
	]);
});

test('an item that was invalid from the start keeps its place', async () => {
	const inputJson = (index: number) => (index === 1 ? '{' : { index });
	const parked = await parkThree({
		node: { onError: 'continueErrorOutput' },
		parameters: {
			operation: 'run',
			plugin: { value: 'word-count' },
			inputMode: 'json',
			inputJson,
			further: {},
			options: {},
		},
	});
	parked.end(1, { output: 'third' });
	parked.end(0, { output: 'first' });
	const { items } = await callBack(parked, { node: { onError: 'continueErrorOutput' } });
	expect(items?.map(({ json }) => json.output ?? json.error)).toEqual([
		'first',
		expect.stringContaining('Input JSON is not valid JSON'),
		'third',
	]);
});

test('base64 in the output of a job that ended after parking becomes a file', async () => {
	const file = Buffer.from('file').toString('base64');
	const parked = await parkThree({
		options: { binaryOutput: { file: [{ binaryProperty: 'data', field: 'file' }] } },
	});
	for (const index of [0, 1, 2]) parked.end(index, { output: { file } });
	const { items } = await callBack(parked);
	expect(items?.map(({ binary }) => binary?.data?.data)).toEqual([file, file, file]);
});
