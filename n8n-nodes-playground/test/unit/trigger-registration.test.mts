import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PlaygroundTrigger } from '../../nodes/PlaygroundTrigger/PlaygroundTrigger.node';
import { hookContext, type HookWorld } from './support/contexts.mts';
import { problem, startDaemon, type Daemon } from './support/daemon.mts';
import { serveWebhooks, type StoredWebhook } from './support/webhook-registry.mts';

const { checkExists, create, delete: remove } = new PlaygroundTrigger().webhookMethods.default;
const URL_OF_NODE = 'http://n8n.test/webhook/abc/playground';
/** The URL of the node, with its mark. */
const MARKED = expect.stringMatching(
	/^http:\/\/n8n.test\/webhook\/abc\/playground\?trigger=[0-9a-f]{16}$/,
);
const ALL = ['started', 'progress', 'completed', 'failed'];

let daemon: Daemon;
let webhooks: Map<string, StoredWebhook>;
let staticData: IDataObject;

beforeEach(async () => {
	daemon = await startDaemon();
	webhooks = serveWebhooks(daemon);
	staticData = {};
});
afterEach(() => daemon.stop());

function hooks(world: Partial<HookWorld> = {}) {
	const { parameters, ...rest } = world;
	return hookContext({
		baseUrl: daemon.baseUrl,
		staticData,
		parameters: { events: ALL, plugins: [], jobName: '', options: {}, ...parameters },
		...rest,
	});
}

/** As n8n does on publish. */
async function publish(context: IHookFunctions = hooks()) {
	if (!(await checkExists.call(context))) await create.call(context);
}

describe('publishing', () => {
	test('registers the webhook and stores its id and secret', async () => {
		await publish(
			hooks({
				parameters: { events: ['failed'], plugins: ['a'], jobName: 'n', options: { retries: 2 } },
			}),
		);
		expect([...webhooks.values()]).toMatchObject([
			{
				url: MARKED,
				on: ['failed'],
				plugins: ['a'],
				jobName: 'n',
				retries: 2,
				expiresAt: null,
			},
		]);
		expect(staticData).toEqual({ webhookId: 'wh_1', secret: expect.stringMatching(/^whsec_/) });
	});

	test('again changes nothing', async () => {
		await publish();
		const before = { ...staticData };
		await publish();
		expect(daemon.requestsTo('POST /v1/webhooks')).toHaveLength(1);
		expect(staticData).toEqual(before);
	});

	test('accepts any certificate if the option says so, and replaces a webhook when it is changed', async () => {
		await publish();
		const insecure = hooks({ parameters: { options: { allowUnauthorizedCerts: true } } });
		await publish(insecure);
		await publish(insecure);
		expect(daemon.requestsTo('POST /v1/webhooks').map(({ body }) => body)).toMatchObject([
			expect.not.objectContaining({ verifyTls: expect.anything() as unknown }),
			{ verifyTls: false },
		]);
	});

	test.each<[string, () => void]>([
		['whose secret was lost', () => (staticData = {})],
		['that the daemon no longer has', () => webhooks.clear()],
		['that someone changed', () => webhooks.forEach((webhook) => (webhook.on = ['failed']))],
	])('replaces a webhook %s', async (_what, happen) => {
		await publish();
		happen();
		await publish();
		expect([...webhooks.values()]).toMatchObject([{ id: 'wh_2', url: MARKED, on: ALL }]);
		expect(staticData.webhookId).toBe('wh_2');
	});

	test('resumes a webhook that was paused or switched off, and keeps its events', async () => {
		await publish();
		const before = { ...staticData };
		webhooks.forEach((webhook) => (webhook.enabled = false));
		await publish();
		expect([...webhooks.values()]).toMatchObject([{ id: 'wh_1', enabled: true }]);
		expect(daemon.requestsTo('DELETE /v1/webhooks/:id')).toEqual([]);
		expect(staticData).toEqual(before);
	});

	test('finds its webhook on any page of the list and leaves the others alone', async () => {
		for (const node of ['one', 'two', 'three']) {
			await publish(hooks({ staticData: {}, node: { id: node } }));
		}
		await publish();
		staticData = {};
		await publish();
		expect([...webhooks.keys()]).toEqual(['wh_1', 'wh_2', 'wh_3', 'wh_5']);
	});

	test('fails with the address while the daemon is down, and succeeds when it is back', async () => {
		const { baseUrl } = daemon;
		await daemon.stop();
		const context = hooks();
		await expect(publish(context)).rejects.toThrow(`Playground does not answer at ${baseUrl}`);
		await remove.call(context);
		expect(context.log).toMatchObject([{ level: 'warn' }]);

		daemon = await startDaemon();
		webhooks = serveWebhooks(daemon);
		await publish();
		expect(webhooks.size).toBe(1);
		expect(staticData.registering).toBeUndefined();
	});

	test('fails with a message if the token is wrong', async () => {
		await expect(publish(hooks({ token: 'other' }))).rejects.toThrow('refused the token');
	});

	test("fails with the daemon's message if it refuses the webhook", async () => {
		const issues = [{ path: '/url', message: 'must be public' }];
		daemon.on('POST /v1/webhooks', () =>
			problem(400, 'BODY_INVALID', 'The body is wrong.', issues),
		);
		await expect(publish()).rejects.toMatchObject({
			message: 'The body is wrong.',
			description: '/url must be public\nBODY_INVALID',
		});
	});

	test('makes the daemon try the URL, and fails with what to set if it cannot reach n8n', async () => {
		const detail =
			"The webhook's URL cannot be reached at n8n.test:80: the request failed with ENOTFOUND: getaddrinfo ENOTFOUND n8n.test.";
		await publish();
		expect(daemon.requestsTo('POST /v1/webhooks')[0]?.path).toBe('/v1/webhooks?probe=true');
		daemon.on('POST /v1/webhooks', () => problem(422, 'WEBHOOK_UNREACHABLE', detail));
		staticData = {};
		await expect(publish()).rejects.toMatchObject({
			message: `Playground cannot call n8n back: ${detail}`,
			description: expect.stringContaining('N8N_WEBHOOK_URL'),
		});
	});

	test('fails without a kind of event', async () => {
		await expect(publish(hooks({ parameters: { events: [] } }))).rejects.toThrow('Events is empty');
	});
});

describe('a copy, with the static data of the original,', () => {
	const copies: Array<[string, Partial<HookWorld>]> = [
		['in another workflow', { workflowId: 'workflow-2', webhookUrl: `${URL_OF_NODE}-2` }],
		['in another workflow with the same URL', { workflowId: 'workflow-2' }],
		['in another n8n', { instanceId: 'instance-2', webhookUrl: 'http://other.test/webhook/abc' }],
		['in another n8n with the same address', { instanceId: 'instance-2' }],
		['in another node of the workflow', { node: { id: 'node-2' } }],
	];
	let copied: IDataObject;

	beforeEach(async () => {
		await publish();
		copied = { ...staticData };
	});

	test.each(copies)('%s registers a webhook of its own', async (_where, world) => {
		await publish(hooks({ ...world, staticData: copied }));
		expect([...webhooks.keys()]).toEqual(['wh_1', 'wh_2']);
		expect(copied).toEqual({
			webhookId: 'wh_2',
			secret: expect.not.stringMatching(staticData.secret as string),
		});
		await publish();
		expect(staticData.webhookId).toBe('wh_1');
	});

	test.each(copies)('%s that fails to publish leaves the original alone', async (_where, world) => {
		daemon.on('POST /v1/webhooks', () => problem(400, 'BODY_INVALID', 'The body is wrong.'));
		const context = hooks({ ...world, staticData: copied });
		await expect(publish(context)).rejects.toThrow('The body is wrong.');
		await remove.call(context);
		expect([...webhooks.keys()]).toEqual(['wh_1']);
		expect(copied).toEqual({});
	});

	test.each(copies)('%s that is unpublished leaves the original alone', async (_where, world) => {
		await remove.call(hooks({ ...world, staticData: copied }));
		expect([...webhooks.keys()]).toEqual(['wh_1']);
	});
});

describe('a node that was', () => {
	const moved = { webhookUrl: 'https://n8n.example.com/webhook/abc/playground' };

	test('renamed, which loses its static data, replaces its webhook', async () => {
		await publish();
		await publish(hooks({ staticData: {}, node: { name: 'Renamed' } }));
		expect([...webhooks.keys()]).toEqual(['wh_2']);
	});

	test('published at an earlier address of n8n replaces that webhook', async () => {
		await publish();
		await publish(hooks(moved));
		expect([...webhooks.values()]).toMatchObject([
			{ id: 'wh_2', url: expect.stringContaining(moved.webhookUrl) },
		]);
	});

	test('published at an earlier address of n8n removes that webhook', async () => {
		await publish();
		await remove.call(hooks(moved));
		expect(webhooks.size).toBe(0);
	});
});

describe('the test listener', () => {
	test('registers a second webhook, which expires', async () => {
		await publish();
		await publish(
			hooks({
				staticData: {},
				mode: 'manual',
				webhookUrl: 'http://n8n.test/webhook-test/abc/playground',
			}),
		);
		const [active, listener] = [...webhooks.values()];
		expect(active?.expiresAt).toBeNull();
		const inMinutes = (Date.parse(listener?.expiresAt ?? '') - Date.now()) / 60_000;
		expect(inMinutes).toBeGreaterThan(14);
		expect(inMinutes).toBeLessThanOrEqual(15);
	});
});

describe('unpublishing', () => {
	test('removes the webhook and the static data', async () => {
		await publish();
		expect(await remove.call(hooks())).toBe(true);
		expect(webhooks.size).toBe(0);
		expect(staticData).toEqual({});
	});

	test('finds the webhook if its id was lost', async () => {
		await publish();
		staticData = {};
		await remove.call(hooks());
		expect(webhooks.size).toBe(0);
	});

	test('succeeds if the daemon no longer has the webhook', async () => {
		await publish();
		webhooks.clear();
		expect(await remove.call(hooks())).toBe(true);
	});

	test('throws while the daemon is down, so that n8n retries, and keeps the static data', async () => {
		await publish();
		await daemon.stop();
		await expect(remove.call(hooks())).rejects.toThrow('Playground does not answer');
		expect(staticData.webhookId).toBe('wh_1');
		daemon = await startDaemon();
	});
});
