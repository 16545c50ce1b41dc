import type { IBinaryData, IDataObject, IPairedItemData } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunJob } from '../../nodes/RunJob/RunJob.node';
import { serveBatches } from './support/batches.mts';
import { executeContext, type ExecuteWorld, type LogLine } from './support/contexts.mts';
import { problem, startDaemon, type Daemon } from './support/daemon.mts';

const node = new RunJob();
let daemon: Daemon;

beforeEach(async () => {
	daemon = await startDaemon();
});
afterEach(() => daemon.stop());

const texts = (...all: string[]) => all.map((text) => ({ json: { text } }));

function world({ parameters, ...rest }: Partial<ExecuteWorld> = {}): ExecuteWorld {
	return {
		baseUrl: daemon.baseUrl,
		items: texts('one'),
		parameters: {
			operation: 'run',
			plugin: { mode: 'list', value: 'word-count' },
			inputMode: 'json',
			inputJson: (index: number) => JSON.stringify({ index }),
			further: {},
			options: {},
			...parameters,
		},
		...rest,
	};
}

const execute = (with_: ExecuteWorld) => node.execute.call(executeContext(with_).context);
const continuing = { onError: 'continueErrorOutput' as const };

describe('the request', () => {
	test('has one job per item, with all settings', async () => {
		serveBatches(daemon);
		await execute(
			world({
				items: texts('one', 'two'),
				parameters: {
					plugin: { value: 'fetch-page' },
					further: {
						plugin: [
							{ name: 'word-count', options: '{"max": 3}' },
							{ name: 'sum', options: '{}' },
						],
					},
					options: {
						name: 'nightly',
						metadata: '{"customer": 7}',
						pluginOptions: { depth: 2 },
						tags: 'nightly, customer:7,',
						priority: 5,
						runAt: '2026-11-23T09:30:00.000+01:00',
						timeoutSeconds: 1.5,
						attempts: 4,
						retryDelaySeconds: 2.5,
						webhook: {
							target: {
								url: 'https://a.test/hook',
								on: ['failed'],
								retries: 0,
								headers: { entry: [{ name: 'X-Team', value: 'a' }] },
							},
						},
					},
				},
			}),
		);
		const [request] = daemon.requestsTo('POST /v1/batches');
		expect(request?.body.jobs.map(({ input }: any) => input)).toEqual([{ index: 0 }, { index: 1 }]);
		expect(request?.body.jobs[0]).toEqual({
			plugins: [
				{ name: 'fetch-page', options: { depth: 2 } },
				{ name: 'word-count', options: { max: 3 } },
				'sum',
			],
			input: { index: 0 },
			idempotencyKey: expect.stringMatching(/^[0-9a-f]{40}$/),
			name: 'nightly',
			metadata: { n8n: { workflowId: 'workflow-1', executionId: '42' }, customer: 7 },
			tags: ['nightly', 'customer:7'],
			priority: 5,
			runAt: '2026-11-23T08:30:00.000Z',
			timeoutMs: 1500,
			retry: { attempts: 4, backoff: { delayMs: 2500 } },
			webhook: {
				url: 'https://a.test/hook',
				on: ['failed'],
				retries: 0,
				headers: { 'X-Team': 'a' },
			},
		});
		expect(request?.headers.prefer).toBe('wait=5');
	});

	test('has the tags of an array that an expression gives, and none from an empty text', async () => {
		serveBatches(daemon);
		for (const tags of [['a', ' b'], '']) {
			await execute(world({ items: texts('one'), parameters: { options: { tags } } }));
		}
		const [first, second] = daemon
			.requestsTo('POST /v1/batches')
			.map(({ body }: any) => body.jobs[0]);
		expect(first.tags).toEqual(['a', 'b']);
		expect(second).not.toHaveProperty('tags');
	});

	test('of version 1 has only the metadata of the user', async () => {
		serveBatches(daemon);
		await execute(world({ node: { typeVersion: 1 } }));
		const options = { metadata: '{"customer": 7}' };
		await execute(world({ node: { typeVersion: 1 }, parameters: { options }, executionId: '43' }));
		const [first, second] = daemon.requestsTo('POST /v1/batches').map(({ body }) => body.jobs[0]);
		expect(first).not.toHaveProperty('metadata');
		expect(second.metadata).toEqual({ customer: 7 });
	});

	test('has the input from the form', async () => {
		serveBatches(daemon);
		const input = { mappingMode: 'defineBelow', value: { text: 'hi', max: null }, schema: [] };
		await execute(world({ parameters: { inputMode: 'form', input } }));
		expect(daemon.requestsTo('POST /v1/batches')[0]?.body.jobs[0].input).toEqual({ text: 'hi' });
	});

	test('has the options from the form, replaced by those given as JSON', async () => {
		serveBatches(daemon);
		const pluginOptions = {
			mappingMode: 'defineBelow',
			value: { width: 320, format: 'png', height: null, sizes: '[1, 2]' },
			schema: [{ id: 'sizes', type: 'array' }],
		};
		const options = { pluginOptions: '{"format": "webp"}' };
		await execute(world({ parameters: { pluginOptions, options } }));
		expect(daemon.requestsTo('POST /v1/batches')[0]?.body.jobs[0].plugins).toEqual([
			{ name: 'word-count', options: { width: 320, format: 'webp', sizes: [1, 2] } },
		]);
	});

	test('has Run At in the time zone of the workflow', async () => {
		serveBatches(daemon);
		const parameters = { options: { runAt: '2026-11-23T09:30:00' } };
		await execute(world({ parameters, timezone: 'Pacific/Kiritimati' }));
		const [request] = daemon.requestsTo('POST /v1/batches');
		expect(request?.body.jobs[0].runAt).toBe('2026-11-22T19:30:00.000Z');
	});

	test.each<[string, IDataObject]>([
		['Plugin is empty', { plugin: { value: '' } }],
		['Input JSON is not valid JSON', { inputJson: '{' }],
		['Metadata must be a JSON object', { options: { metadata: '[1]' } }],
		['Run At is "soon"', { options: { runAt: 'soon' } }],
	])('is not sent when %s', async (message, parameters) => {
		await expect(execute(world({ parameters }))).rejects.toMatchObject({
			message: expect.stringContaining(message),
			context: { itemIndex: 0 },
		});
		expect(daemon.requests).toHaveLength(0);
	});
});

describe('jobs that end within the first wait', () => {
	test('have their outputs fetched one by one if the response of the batch omits them', async () => {
		serveBatches(daemon, ({ input }) =>
			input.index === 1 ? { output: null, truncated: true } : { output: 'short' },
		);
		daemon.on('GET /v1/jobs/:id', ({ path }) => ({ status: 200, body: { output: `of ${path}` } }));
		const [items] = await execute(world({ items: texts('one', 'two', 'three') }));
		expect(items?.map(({ json }) => json['output'])).toEqual([
			'short',
			'of /v1/jobs/job_2',
			'short',
		]);
		expect(daemon.requestsTo('GET /v1/jobs/:id')).toHaveLength(1);
	});

	test('give one paired item each, in order, without parking', async () => {
		serveBatches(daemon, ({ input }) => ({ output: { words: input.index * 10 } }));
		const { context, waits } = executeContext(world({ items: texts('one', 'two', 'three') }));
		const [items] = await node.execute.call(context);
		expect(items).toEqual([
			{
				json: { jobId: 'job_1', status: 'completed', output: { words: 0 } },
				pairedItem: { item: 0 },
			},
			{
				json: { jobId: 'job_2', status: 'completed', output: { words: 10 } },
				pairedItem: { item: 1 },
			},
			{
				json: { jobId: 'job_3', status: 'completed', output: { words: 20 } },
				pairedItem: { item: 2 },
			},
		]);
		expect(waits).toEqual([]);
		expect(daemon.requests.map(({ method }) => method)).toEqual(['POST']);
	});

	test("fail the node with the plugin's message and the item's index if one fails", async () => {
		serveBatches(daemon, (_job, index) =>
			index === 1 ? { error: 'EPERM: no such page', errorCode: 'PLUGIN_THREW' } : { output: 1 },
		);
		await expect(execute(world({ items: texts('one', 'two') }))).rejects.toMatchObject({
			message: 'EPERM: no such page',
			description: '1 of 2 items failed. Job job_2 has the error code PLUGIN_THREW.',
			context: { itemIndex: 1 },
		});
	});

	test('fail the node with the step, the plugin, a link to the job and the stack', async () => {
		serveBatches(daemon, () => ({ error: 'bad page', errorCode: 'PLUGIN_THREW' }));
		const url = 'http://daemon.test/v1/jobs/job_1';
		const steps = [
			{ plugin: 'fetch-page', status: 'completed' },
			{ plugin: 'word-count', status: 'failed' },
		];
		const stack = 'Error: bad page\n    at run (word-count.ts:3:9)';
		const lines = [
			{ step: 0, level: 'error', message: 'of another step' },
			{ step: 1, level: 'error', message: stack },
			{ step: 1, level: 'info', message: 'a later line' },
		];
		daemon.on('GET /v1/jobs/:id', () => ({ status: 200, body: { url, status: 'failed', steps } }));
		daemon.on('GET /v1/jobs/:id/logs', () => ({
			status: 200,
			body: { items: lines, nextCursor: null },
		}));
		await expect(execute(world())).rejects.toMatchObject({
			message: 'bad page',
			description: `Plugin \`word-count\` failed in step 2 of 2 in job <a href="${url}" target="_blank">job_1</a>: PLUGIN_THREW.`,
			messages: [stack],
		});
	});

	test.each<[string, IDataObject, unknown, IDataObject[]]>([
		['only the output', { outputAs: 'output' }, { words: 3 }, [{ words: 3 }]],
		['a value as a field', { outputAs: 'output' }, [1, 2], [{ output: [1, 2] }]],
		['the entries of a list', { outputAs: 'items' }, [{ a: 1 }, 2], [{ a: 1 }, { output: 2 }]],
		['no item for an empty list', { outputAs: 'items' }, [], []],
		['one item if it is no list', { outputAs: 'items' }, { words: 3 }, [{ words: 3 }]],
		[
			'the entries of a field',
			{ outputAs: 'items', outputField: 'result.chunks' },
			{ result: { chunks: [{ text: 'a' }] } },
			[{ text: 'a' }],
		],
		[
			'a field with the job',
			{ outputField: 'words' },
			{ words: 3 },
			[{ jobId: 'job_2', status: 'completed', output: 3 }],
		],
	])('give %s', async (_what, options, output, jsons) => {
		serveBatches(daemon, (_job, index) => ({ output: index === 1 ? output : [] }));
		const two = world({ items: texts('one', 'two'), parameters: { options } });
		const [items] = await execute(two);
		const ofSecond = items?.filter(({ pairedItem }) => (pairedItem as IPairedItemData).item === 1);
		expect(ofSecond?.map(({ json }) => json)).toEqual(jsons);
	});

	test('do not count as failed because of a field in their output', async () => {
		serveBatches(daemon, () => ({ output: { error: 'a field of that name' } }));
		const [items] = await execute(world({ parameters: { options: { outputAs: 'output' } } }));
		expect(items?.[0]?.json).toEqual({ error: 'a field of that name' });
	});

	test('become error items if they fail and the node continues', async () => {
		serveBatches(daemon, (_job, index) =>
			index === 0 ? { error: 'bad text', errorCode: 'PLUGIN_THREW' } : { output: 1 },
		);
		const [items] = await execute(world({ items: texts('one', 'two'), node: continuing }));
		expect(items).toMatchObject([
			{
				json: {
					error: 'bad text',
					details: { jobId: 'job_1', status: 'failed', errorCode: 'PLUGIN_THREW' },
				},
				pairedItem: { item: 0 },
			},
			{ json: { output: 1 }, pairedItem: { item: 1 } },
		]);
	});
});

describe('a request that the daemon refuses', () => {
	const refuse = (index: number) =>
		problem(400, 'INPUT_INVALID', 'The input does not fit.', [
			{ path: `/jobs/${index}/input/text`, message: 'must be string' },
		]);

	test('fails the node with the reason and the item', async () => {
		daemon.on('POST /v1/batches', () => refuse(1));
		await expect(execute(world({ items: texts('one', 'two') }))).rejects.toMatchObject({
			message: 'Playground refused this item: input.text must be string',
			description: 'No item was run.',
			context: { itemIndex: 1 },
		});
	});

	test('does not stop the other items if the node continues', async () => {
		const { serve } = serveBatches(daemon);
		let refused = 0;
		daemon.on('POST /v1/batches', (request) => {
			const at = request.body.jobs.findIndex(({ input }: any) => input.index === 1);
			if (at < 0) return serve(request);
			refused++;
			return refuse(at);
		});
		const [items] = await execute(world({ items: texts('one', 'two', 'three'), node: continuing }));
		expect(items?.map(({ json }) => json.error ?? json.status)).toEqual([
			'completed',
			'input.text must be string',
			'completed',
		]);
		expect(refused).toBe(1);
	});

	test('is matched to its item after an item that gave no job', async () => {
		const inputJson = (index: number) => (index === 0 ? '{' : '{}');
		daemon.on('POST /v1/batches', ({ body }) =>
			body.jobs.length > 1 ? refuse(1) : problem(503, 'STOPPING', 'The daemon is stopping.'),
		);
		const [items] = await execute(
			world({ items: texts('one', 'two', 'three'), node: continuing, parameters: { inputJson } }),
		);
		expect(items?.map(({ json }) => json.error)).toEqual([
			expect.stringContaining('Input JSON is not valid JSON'),
			'The daemon is stopping.',
			'input.text must be string',
		]);
	});

	test('keeps a message that n8n would rewrite because of an error code in it', async () => {
		daemon.on('POST /v1/batches', () => problem(400, 'BODY_INVALID', 'no "approvEPERMissions"'));
		await expect(execute(world())).rejects.toThrow('no "approvEPERMissions"');
	});

	test('that names no job becomes the error of every item', async () => {
		daemon.on('POST /v1/batches', () => problem(503, 'STOPPING', 'The daemon is stopping.'));
		const [items] = await execute(world({ items: texts('one', 'two'), node: continuing }));
		expect(items?.map(({ json }) => json)).toEqual([
			{ error: 'The daemon is stopping.' },
			{ error: 'The daemon is stopping.' },
		]);
	});

	test.each([
		[413, 'BATCH_TOO_LARGE', [{ path: '/jobs', message: 'is 3 jobs long: it must be at most 1' }]],
		[400, 'BODY_INVALID', [{ path: '/jobs', message: 'is a list: it must be shorter' }]],
		[413, 'BODY_TOO_LARGE', []],
	])('because of its size, %i %s, is split', async (status, code, issues) => {
		const { serve } = serveBatches(daemon, ({ input }) => ({ output: input.index }));
		daemon.on('POST /v1/batches', (request) =>
			request.body.jobs.length > 1
				? problem(status, code, 'It is too much.', issues)
				: serve(request),
		);
		const [items] = await execute(world({ items: texts('one', 'two', 'three') }));
		expect(items?.map(({ json }) => json.output)).toEqual([0, 1, 2]);
	});

	test('because of the size, by a proxy, is split, and one item is an error of the proxy', async () => {
		const { serve } = serveBatches(daemon);
		daemon.on('POST /v1/batches', (request) =>
			request.body.jobs.some(({ input }: any) => input.index === 1)
				? { status: 413, body: '<html>413 Request Entity Too Large</html>' }
				: serve(request),
		);
		const [items] = await execute(world({ items: texts('one', 'two'), node: continuing }));
		expect(items?.map(({ json }) => json.error ?? json.status)).toEqual([
			'completed',
			`A proxy at ${daemon.baseUrl} refused a request to Playground for its size`,
		]);
	});

	test('because one item is too large, says which and what to do', async () => {
		const { serve } = serveBatches(daemon);
		daemon.on('POST /v1/batches', (request) =>
			request.body.jobs.some(({ input }: any) => input.index === 1)
				? problem(413, 'BODY_TOO_LARGE', 'The body is too large.')
				: serve(request),
		);
		const large = { items: texts('one', 'two', 'three') };
		const message =
			'The body is too large. This is the data of one item. Pass less data in it, such as the URL of a file, or raise PLAYGROUND_BODY_LIMIT.';
		await expect(execute(world(large))).rejects.toMatchObject({
			message,
			description: expect.stringContaining('Items that were run before: 1.'),
			context: { itemIndex: 1 },
		});
		const [items] = await execute(world({ ...large, node: continuing }));
		expect(items?.map(({ json }) => json.error ?? json.status)).toEqual([
			'completed',
			message,
			'completed',
		]);
	});

	test('says that it may be too large if the daemon closes the connection', async () => {
		daemon.on('POST /v1/batches', async () => {
			await daemon.stop();
			return { status: 200 };
		});
		await expect(execute(world())).rejects.toMatchObject({
			message: `Playground at ${daemon.baseUrl} closed the connection`,
			description: expect.stringContaining('PLAYGROUND_BODY_LIMIT'),
		});
		daemon = await startDaemon();
	});

	test('fails with the address if the daemon does not answer', async () => {
		const { baseUrl } = daemon;
		await daemon.stop();
		await expect(execute(world())).rejects.toThrow(`Playground does not answer at ${baseUrl}`);
		daemon = await startDaemon();
	});
});

describe('more items than fit into a batch', () => {
	const MEGABYTE = 'x'.repeat(1024 * 1024);

	test.each<[string, number, () => unknown, number[]]>([
		['in number', 2001, () => ({}), [1000, 1000, 1]],
		['in bytes', 33, () => ({ text: MEGABYTE }), [15, 15, 3]],
	])('%s are split, and give their items in order', async (_what, count, inputJson, sizes) => {
		const { batches } = serveBatches(daemon, (_job, index) => ({ output: index }));
		const items = Array.from({ length: count }, () => ({ json: {} }));
		const [output] = await execute(world({ items, parameters: { inputJson } }));
		expect(batches.map(({ jobs }) => jobs.length)).toEqual(sizes);
		expect(output?.map(({ json }) => json.jobId)).toEqual(
			Array.from({ length: count }, (_, index) => `job_${index + 1}`),
		);
		const waits = daemon.requestsTo('POST /v1/batches').map(({ headers }) => headers.prefer);
		expect(waits).toEqual([...sizes.slice(1).map(() => undefined), 'wait=5']);
	});

	test('run again only where they failed, under Retry On Fail', async () => {
		let fails = true;
		const { jobs } = serveBatches(daemon, ({ input }) =>
			input.index === 1500 && fails ? { error: 'flaky' } : { output: input.index },
		);
		const items = Array.from({ length: 1600 }, () => ({ json: {} }));
		const tries = world({ items, nodeContext: {}, node: { retryOnFail: true } });
		await expect(execute(tries)).rejects.toThrow('flaky');
		fails = false;
		await execute(tries);
		expect(jobs).toHaveLength(1601);
	});
});

describe('retry on fail', () => {
	const retrying = { retryOnFail: true };

	test('gets the same jobs if the response was lost', async () => {
		const { jobs } = serveBatches(daemon, () => ({ output: 1 }));
		const nodeContext = {};
		await execute(world({ nodeContext, node: retrying }));
		await execute(world({ nodeContext, node: retrying }));
		expect(jobs).toHaveLength(1);
	});

	test('runs only the failed jobs again', async () => {
		let fails = true;
		const { jobs } = serveBatches(daemon, ({ input }) =>
			input.index === 1 && fails ? { error: 'flaky' } : { output: input.index },
		);
		const nodeContext = {};
		const tries = world({ items: texts('one', 'two', 'three'), nodeContext, node: retrying });
		await expect(execute(tries)).rejects.toThrow('flaky');
		fails = false;
		const [items] = await execute(tries);
		expect(items?.map(({ json }) => json.output)).toEqual([0, 1, 2]);
		expect(jobs).toHaveLength(4);
	});

	test.each<[string, Partial<ExecuteWorld>]>([
		['another execution', { executionId: '43' }],
		['another n8n', { instanceId: 'instance-2' }],
		['another run in a loop', { runIndex: 1 }],
		['another node', { node: { id: 'other' } }],
		['a tool called again', { isTool: true }],
	])('does not get the jobs of %s', async (_what, other) => {
		const { jobs } = serveBatches(daemon);
		await execute(world(other.isTool ? other : {}));
		await execute(world(other));
		expect(jobs).toHaveLength(2);
	});
});

describe('as an AI tool', () => {
	test('waits up to a minute and returns the output', async () => {
		serveBatches(daemon, () => ({ output: { words: 2 } }));
		const [items] = await execute(world({ node: { type: 'n8n-nodes-playground.runJobTool' } }));
		expect(items?.[0]?.json.output).toEqual({ words: 2 });
		const [request] = daemon.requestsTo('POST /v1/batches');
		expect(request?.headers.prefer).toBe('wait=60');
	});

	test('does not park, but returns the id of a job that is still running', async () => {
		serveBatches(daemon, () => null);
		const { context, waits } = executeContext(world({ isTool: true }));
		const [items] = await node.execute.call(context);
		expect(items?.[0]?.json).toMatchObject({ jobId: 'job_1', status: 'running' });
		expect(waits).toEqual([]);
	});
});

describe('files', () => {
	const png = Buffer.from('not really a PNG').toString('base64');

	test('go into the input as base64, and base64 in the output becomes files', async () => {
		serveBatches(daemon, ({ input }) => ({
			output: { result: { image: `data:image/png;base64,${input.image}` }, width: 9, none: 5 },
		}));
		const [items] = await execute(
			world({
				items: [{ json: {}, binary: { data: { data: png, mimeType: 'image/png' } } }],
				parameters: {
					inputJson: '{"width": 9}',
					options: {
						binaryInput: { file: [{ binaryProperty: 'data', field: 'image' }] },
						binaryOutput: {
							file: [
								{ binaryProperty: 'small', field: 'result.image', fileName: 'small.png' },
								{ binaryProperty: 'absent', field: 'none' },
							],
						},
					},
				},
			}),
		);
		const { input } = daemon.requestsTo('POST /v1/batches')[0]?.body.jobs[0] ?? {};
		expect(input).toEqual({ width: 9, image: png });
		expect(items?.[0]?.binary).toEqual({
			small: { data: png, fileName: 'small.png', mimeType: 'image/png' },
		});
		expect(items?.[0]?.json.output).toEqual({ result: {}, width: 9, none: 5 });
	});

	describe('by reference', () => {
		const options = {
			binaryInput: { file: [{ binaryProperty: 'data', field: 'image', sendAs: 'reference' }] },
			binaryOutput: {
				file: [
					{ binaryProperty: 'page', field: 'pages' },
					{ binaryProperty: 'copy', field: 'image', fileName: 'copy.png' },
				],
			},
		};
		const withFile = (file: Partial<IBinaryData>, more: Partial<ExecuteWorld> = {}) =>
			world({
				items: [{ json: {}, binary: { data: { data: png, mimeType: 'image/png', ...file } } }],
				parameters: { inputJson: '{}', options },
				...more,
			});

		/** Stores uploads under ids that count up, as content that a job's output refers to. */
		function serveFiles(): void {
			const stored = new Map<string, string>();
			daemon.on('PUT /v1/files', ({ body }) => {
				const fileId = `file_${stored.size + 1}`;
				stored.set(fileId, body);
				return { status: 201, body: { fileId } };
			});
			daemon.on('GET /v1/files/:id/content', ({ path }) => {
				const content = stored.get(path.split('/')[3] ?? '');
				return content === undefined
					? problem(404, 'FILE_NOT_FOUND', 'There is no such file.')
					: { status: 200, body: Buffer.from(content) };
			});
			serveBatches(daemon, ({ input }) => ({ output: { image: input.image, ...PAGES } }));
		}
		const PAGES = { pages: [1, 1].map((n) => ({ $file: `file_${n}`, name: 'a.txt', type: 'text/plain' })) };

		test.each([
			['of the execution', {}, 'not really a PNG'],
			['of a folder or bucket of n8n', { id: 'filesystem:1' }, 'filesystem:1'],
		])('a file %s is uploaded, and files of the output are downloaded', async (_, file, content) => {
			serveFiles();
			const named = { fileName: 'C:\\in\\a b.png', ...file };
			const [items] = await execute(withFile(named));
			const [upload] = daemon.requestsTo('PUT /v1/files');
			expect(upload).toMatchObject({ path: '/v1/files?name=a+b.png', body: content });
			expect(upload?.headers).toMatchObject({
				'content-type': 'image/png',
				'content-length': `${content.length}`,
			});
			const { input } = daemon.requestsTo('POST /v1/batches')[0]?.body.jobs[0] ?? {};
			expect(input).toEqual({ image: { $file: 'file_1' } });
			const page = { data: Buffer.from(content).toString('base64'), fileName: 'a.txt', mimeType: 'text/plain' };
			expect(items?.[0]?.binary).toEqual({
				page_0: page,
				page_1: page,
				copy: { ...page, fileName: 'copy.png', mimeType: 'detected' },
			});
			expect(items?.[0]?.json.output).toEqual({});
		});

		test('a try after a failed one has the same reference, and another run another', async () => {
			serveFiles();
			const nodeContext = {};
			for (const runIndex of [0, 0, 1]) await execute(withFile({}, { nodeContext, runIndex }));
			const inputs = daemon.requestsTo('POST /v1/batches').map(({ body }) => body.jobs[0].input);
			expect(inputs.map(({ image }) => image.$file)).toEqual(['file_1', 'file_1', 'file_2']);
		});

		test('a file that the daemon no longer has stays a reference', async () => {
			serveFiles();
			daemon.on('GET /v1/files/:id/content', () => problem(404, 'FILE_NOT_FOUND', 'Gone.'));
			const { context } = executeContext(withFile({}));
			const [items] = await node.execute.call(context);
			expect(items?.[0]).not.toHaveProperty('binary');
			expect(items?.[0]?.json.output).toEqual({ image: { $file: 'file_1' }, ...PAGES });
			expect((context as unknown as { log: LogLine[] }).log).toContainEqual({
				level: 'warn',
				message: 'Run Job leaves file_1 in the output: Playground no longer has this file',
			});
		});

		test('an upload that fails leaves no file of n8n open', async () => {
			const { context, streams } = executeContext(withFile({ id: 'filesystem:1' }));
			// n8n's helper leaves the stream as it is.
			context.helpers.httpRequestWithAuthentication = async () => {
				throw new Error('connect ECONNREFUSED');
			};
			await expect(node.execute.call(context)).rejects.toThrow('does not answer');
			expect(streams.map(({ destroyed }) => destroyed)).toEqual([true]);
		});

		test('a file that the daemon refuses is the error of its item', async () => {
			const detail = 'The file is larger than 100 MiB: PLAYGROUND_FILE_LIMIT.';
			daemon.on('PUT /v1/files', () => problem(413, 'FILE_TOO_LARGE', detail));
			await expect(execute(withFile({}))).rejects.toThrow(detail);
			const [items] = await execute(withFile({}, { node: continuing }));
			expect(items?.[0]?.json).toEqual({ error: detail });
		});
	});

	test('need an object as input', async () => {
		const options = { binaryInput: { file: [{ binaryProperty: 'data', field: 'image' }] } };
		await expect(execute(world({ parameters: { inputJson: '"text"', options } }))).rejects.toThrow(
			'needs an input that is a JSON object',
		);
	});
});

describe('the other operations', () => {
	test('Run Without Waiting returns the ids at once', async () => {
		serveBatches(daemon, () => null);
		const [items] = await execute(
			world({ items: texts('one', 'two'), parameters: { operation: 'start' } }),
		);
		expect(items?.map(({ json }) => json)).toEqual([
			{ jobId: 'job_1', status: 'running', batchId: 'batch_1' },
			{ jobId: 'job_2', status: 'running', batchId: 'batch_1' },
		]);
		const [request] = daemon.requestsTo('POST /v1/batches');
		expect(request?.headers.prefer).toBeUndefined();
	});

	describe('Run Without Waiting with a key', () => {
		const dedupe = { by: { key: 'customer-7', span: 'active', ttlSeconds: 60 } };
		const starting = (options: object, more: Partial<ExecuteWorld> = {}) =>
			world({
				items: texts('one', 'two'),
				parameters: { operation: 'start', options },
				...more,
			});

		test('submits each item on its own, and says which got a job that was there', async () => {
			const answers = [
				{ jobId: 'job_1', status: 'queued', plugins: [] },
				{ jobId: 'job_1', status: 'running', plugins: [], deduplicated: true },
			];
			daemon.on('POST /v1/jobs', () => ({ status: 202, body: answers.shift() }));
			const [items] = await execute(starting({ name: 'nightly', dedupe }));
			expect(items?.map(({ json }) => json)).toEqual([
				{ jobId: 'job_1', status: 'queued' },
				{ jobId: 'job_1', status: 'running', deduplicated: true },
			]);
			expect(items?.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
			const requests = daemon.requestsTo('POST /v1/jobs');
			expect(requests.map(({ body }) => body)).toEqual(
				[0, 1].map((index) => ({
					plugins: ['word-count'],
					input: { index },
					name: 'nightly',
					metadata: expect.anything(),
					dedupe: { key: 'customer-7', while: 'active' },
				})),
			);
			const keys = requests.map(({ headers }) => headers['idempotency-key']);
			expect(new Set(keys.filter(Boolean)).size).toBe(2);
		});

		test.each([
			[
				{ dedupe: { by: { key: '7', span: 'ttl', ttlSeconds: 1.5 } } },
				{ dedupe: { key: '7', ttlMs: 1500 } },
			],
			[
				{ debounce: { window: { key: '7', delaySeconds: 2, maxSeconds: 9, mode: 'first' } } },
				{ debounce: { key: '7', delayMs: 2000, maxMs: 9000, mode: 'first' } },
			],
			[
				{ debounce: { window: { key: '7', collect: '/items' } } },
				{
					debounce: { key: '7', delayMs: 5000, maxMs: 60_000, mode: 'last', collect: '/items' },
				},
			],
		])('sends %j', async (options, fields) => {
			daemon.on('POST /v1/jobs', () => ({ status: 202, body: { jobId: 'job_1', debounced: true } }));
			const [items] = await execute(starting(options));
			expect(items?.[1]?.json).toEqual({ jobId: 'job_1', debounced: true });
			expect(daemon.requestsTo('POST /v1/jobs')[0]?.body).toMatchObject(fields);
		});

		test('shows why the daemon refused an item, and how many ran before', async () => {
			daemon.on('POST /v1/jobs', ({ body }) =>
				body.input.index === 0
					? { status: 202, body: { jobId: 'job_1', status: 'queued' } }
					: problem(422, 'INVALID_REQUEST', 'The body is invalid.', [
							{ path: '/dedupe/key', message: 'must have at least 1 character' },
						]),
			);
			const message = 'dedupe.key must have at least 1 character';
			await expect(execute(starting({ dedupe }))).rejects.toMatchObject({
				message: `Playground refused this item: ${message}`,
				description: expect.stringContaining('Items that were run before: 1.'),
				context: { itemIndex: 1 },
			});
			const [items] = await execute(starting({ dedupe }, { node: continuing }));
			expect(items?.map(({ json }) => json)).toEqual([
				{ jobId: 'job_1', status: 'queued' },
				{ error: message },
			]);
		});
	});

	test.each([
		['get', 'GET /v1/jobs/:id'],
		['cancel', 'POST /v1/jobs/:id/cancel'],
		['retry', 'POST /v1/jobs/:id/retry'],
	])('%s returns the job of each item', async (operation, route) => {
		daemon.on(route, ({ path }) => ({ status: 200, body: { path } }));
		const jobId = (index: number) => ['job_1', ' a/b '][index];
		const [items] = await execute(
			world({ items: texts('one', 'two'), parameters: { operation, jobId } }),
		);
		expect(items?.map(({ json }) => String(json.path).split('/')[3])).toEqual(['job_1', 'a%2Fb']);
		expect(items?.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	test('get of a missing job fails with the item, or continues with an error item', async () => {
		daemon.on('GET /v1/jobs/:id', ({ path }) =>
			path.endsWith('job_1')
				? { status: 200, body: { jobId: 'job_1' } }
				: problem(404, 'JOB_NOT_FOUND', 'No job has the id "job_2".'),
		);
		const parameters = { operation: 'get', jobId: (index: number) => `job_${index + 1}` };
		const both = { items: texts('one', 'two'), parameters };
		await expect(execute(world(both))).rejects.toMatchObject({
			message: 'No job has the id "job_2".',
			httpCode: '404',
			context: { itemIndex: 1 },
		});
		const [items] = await execute(world({ ...both, node: continuing }));
		expect(items?.map(({ json }) => json)).toEqual([
			{ jobId: 'job_1' },
			{ error: 'No job has the id "job_2".' },
		]);
	});

	test('get without an id fails without a request', async () => {
		await expect(execute(world({ parameters: { operation: 'get', jobId: ' ' } }))).rejects.toThrow(
			'Job ID is empty',
		);
		expect(daemon.requests).toHaveLength(0);
	});

	test('Get Logs returns the lines of each job, page by page', async () => {
		daemon.on('GET /v1/jobs/:id/logs', ({ path }) => {
			const cursor = new URL(path, daemon.baseUrl).searchParams.get('cursor');
			const message = `${path.split('/')[3]} ${cursor ?? 'first'}`;
			return { status: 200, body: { items: [{ message }], nextCursor: cursor ? null : 'second' } };
		});
		const jobId = (index: number) => `job_${index}`;
		const [items] = await execute(
			world({ items: texts('one', 'two'), parameters: { operation: 'getLogs', jobId } }),
		);
		expect(items).toMatchObject([
			{ json: { message: 'job_0 first' }, pairedItem: { item: 0 } },
			{ json: { message: 'job_0 second' }, pairedItem: { item: 0 } },
			{ json: { message: 'job_1 first' }, pairedItem: { item: 1 } },
			{ json: { message: 'job_1 second' }, pairedItem: { item: 1 } },
		]);
	});

	test('Get Many returns the jobs that match the filters, up to the limit', async () => {
		const all = ['job_3', 'job_2', 'job_1'].map((jobId) => ({ jobId }));
		daemon.on('GET /v1/jobs', () => ({ status: 200, body: { items: all, nextCursor: null } }));
		const filters = { status: 'failed', name: '', createdAfter: '2026-11-23T09:30:00' };
		const parameters = { operation: 'getMany', returnAll: false, limit: 2, filters };
		const [items] = await execute(world({ parameters, timezone: 'Pacific/Kiritimati' }));
		expect(items?.map(({ json }) => json.jobId)).toEqual(['job_3', 'job_2']);
		const { searchParams } = new URL(daemon.requests[0]?.path ?? '', daemon.baseUrl);
		expect(Object.fromEntries(searchParams)).toEqual({
			status: 'failed',
			createdAfter: '2026-11-22T19:30:00.000Z',
			limit: '500',
		});
		const [unlimited] = await execute(world({ parameters: { ...parameters, returnAll: true } }));
		expect(unlimited).toHaveLength(3);
	});

	test('Redeliver sends the events again that were given up', async () => {
		daemon.on('GET /v1/deliveries', () => ({
			status: 200,
			body: { items: [{ deliveryId: 'dlv_1' }, { deliveryId: 'dlv_2' }], nextCursor: null },
		}));
		daemon.on('POST /v1/deliveries/:id/redeliver', ({ path }) => ({
			status: 202,
			body: { deliveryId: path.split('/')[3], state: 'due' },
		}));
		const [items] = await execute(
			world({ parameters: { operation: 'redeliver', jobId: 'job_7' } }),
		);
		expect(daemon.requests[0]?.path).toContain('jobId=job_7&state=dead');
		expect(items?.map(({ json }) => json.deliveryId)).toEqual(['dlv_1', 'dlv_2']);
	});

	describe('Wait', () => {
		const waiting = (more: IDataObject = {}) =>
			world({
				items: texts('one', 'two'),
				parameters: { operation: 'wait', jobId: (index: number) => `job_${index + 1}`, ...more },
			});

		/** Serves jobs that have ended at the second read. */
		function serveJobs(outcome: (jobId: string) => IDataObject) {
			const reads = new Map<string, number>();
			daemon.on('GET /v1/jobs/:id', ({ path, headers }) => {
				const jobId = path.split('/')[3] ?? '';
				const waits = headers.prefer?.toString() ?? '';
				if (waits !== '') reads.set(jobId, (reads.get(jobId) ?? 0) + 1);
				const isOver = (reads.get(jobId) ?? 0) > 1;
				return {
					status: 200,
					headers: { 'preference-applied': waits },
					body: isOver ? { jobId, ...outcome(jobId) } : { jobId, status: 'running', output: null },
				};
			});
		}

		test('returns the outputs of jobs when they have ended', async () => {
			serveJobs((jobId) => ({ status: 'completed', output: { of: jobId } }));
			const [items] = await execute(waiting({ options: { outputAs: 'output' } }));
			expect(items).toEqual([
				{ json: { of: 'job_1' }, pairedItem: { item: 0 } },
				{ json: { of: 'job_2' }, pairedItem: { item: 1 } },
			]);
		});

		test('fails with the error of a job that has failed', async () => {
			serveJobs(() => ({ status: 'failed', error: 'bad page', errorCode: 'PLUGIN_THREW' }));
			await expect(execute(waiting())).rejects.toMatchObject({
				message: 'bad page',
				description: expect.stringContaining('2 of 2 items failed'),
			});
		});

		test('gives error items for jobs that do not end before the deadline', async () => {
			daemon.on('GET /v1/jobs/:id', ({ path }) => ({
				status: 200,
				body: { jobId: path.split('/')[3], status: 'running' },
			}));
			const [items] = await execute({
				...waiting({ options: { deadlineMinutes: 0.0001 } }),
				node: continuing,
			});
			expect(items?.map(({ json }) => json.details)).toEqual([
				{ jobId: 'job_1', status: 'timeout', errorCode: null },
				{ jobId: 'job_2', status: 'timeout', errorCode: null },
			]);
		});

		test('ends when the execution is stopped', async () => {
			serveJobs(() => ({ status: 'completed' }));
			const stopped = AbortSignal.abort(new Error('stopped by a person'));
			await expect(execute({ ...waiting(), cancelSignal: stopped })).rejects.toThrow(
				'stopped by a person',
			);
		});
	});
});

describe('behind a webhook that responds with the last node', () => {
	const trigger = (parameters: IDataObject, type = 'n8n-nodes-base.webhook') => [
		{ name: 'Trigger', type, parameters },
	];
	const parents = trigger({ responseMode: 'lastNode' });
	const called: Partial<ExecuteWorld> = { parents, executed: ['Trigger'] };

	/** Runs a job that has ended when its batch is read. */
	async function run(more: Partial<ExecuteWorld>) {
		const played = serveBatches(daemon, () => null);
		const { context, waits } = executeContext(world(more));
		daemon.on('GET /v1/batches/:id', () => {
			played.end(0, { output: 'late' });
			return { status: 200, body: { batchId: 'batch_1', jobs: played.jobs } };
		});
		const [items] = await node.execute.call(context);
		return { items, waits };
	}

	test.each([
		['a webhook', parents],
		['a chat', trigger({ options: {} }, '@n8n/n8n-nodes-langchain.chatTrigger')],
	])('waits within the execution: %s', async (_what, callers) => {
		const { items, waits } = await run({ ...called, parents: callers });
		expect(items?.[0]?.json).toMatchObject({ status: 'completed', output: 'late' });
		expect(waits).toEqual([]);
		expect(daemon.requestsTo('GET /v1/batches/:id')[0]?.headers.prefer).toBe('wait=60');
	});

	test('cancels the jobs when the execution is stopped', async () => {
		serveBatches(daemon, () => null);
		const stop = new AbortController();
		const cancelled = new Promise<string>((resolve) => {
			daemon.on('POST /v1/jobs/:id/cancel', ({ path }) => {
				resolve(path);
				return { status: 202, body: { status: 'running' } };
			});
		});
		daemon.on('GET /v1/batches/:id', async () => {
			stop.abort(new Error('stopped by a person'));
			// The daemon answers when the job has ended, because it was cancelled.
			expect(await cancelled).toBe('/v1/jobs/job_1/cancel');
			const jobs = [{ jobId: 'job_1', status: 'failed', error: 'The job was cancelled.' }];
			return { status: 200, headers: { 'preference-applied': 'wait=60' }, body: { jobs } };
		});
		const { context } = executeContext(world({ ...called, cancelSignal: stop.signal }));
		await expect(node.execute.call(context)).rejects.toThrow('The job was cancelled.');
	});

	test('an execution that was stopped during the first wait cancels its jobs and does not park', async () => {
		serveBatches(daemon, () => null);
		daemon.on('POST /v1/jobs/:id/cancel', () => ({ status: 202, body: { status: 'running' } }));
		const cancelSignal = AbortSignal.abort(new Error('stopped by a person'));
		const { context, waits } = executeContext(world({ cancelSignal }));
		await expect(node.execute.call(context)).rejects.toThrow('stopped by a person');
		expect(daemon.requestsTo('POST /v1/jobs/:id/cancel')).toHaveLength(1);
		expect(waits).toEqual([]);
	});

	test.each<[string, Partial<ExecuteWorld>]>([
		['that did not start the execution', { parents }],
		['that responds at once', { ...called, parents: trigger({ responseMode: 'onReceived' }) }],
		['in version 1', { ...called, node: { typeVersion: 1 } }],
	])('%s, parks', async (_which, more) => {
		const { waits } = await run(more);
		expect(waits).toHaveLength(1);
	});
});
