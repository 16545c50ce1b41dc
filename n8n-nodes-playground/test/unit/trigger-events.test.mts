import { createHmac, randomUUID } from 'node:crypto';
import type { IDataObject } from 'n8n-workflow';
import { beforeEach, describe, expect, test } from 'vitest';
import { PlaygroundTrigger } from '../../nodes/PlaygroundTrigger/PlaygroundTrigger.node';
import { webhookContext } from './support/contexts.mts';

const trigger = new PlaygroundTrigger();
const key = Buffer.from('a secret of at least 24 bytes');
const secret = `whsec_${key.toString('base64')}`;
const event = { status: 'completed', jobId: 'job_1', result: { output: { words: 3 } } };

let staticData: IDataObject;

beforeEach(() => {
	staticData = { webhookId: `wh_${randomUUID()}`, secret };
});

interface Sent {
	id?: string;
	body?: string;
	sentAt?: number;
	signedWith?: Buffer;
	options?: IDataObject;
	typeVersion?: number;
}

function deliver({
	id = 'evt_1',
	body = JSON.stringify(event),
	sentAt,
	signedWith = key,
	options = {},
	typeVersion = 2,
}: Sent = {}) {
	const timestamp = String(Math.floor((sentAt ?? Date.now()) / 1000));
	const digest = createHmac('sha256', signedWith)
		.update(`${id}.${timestamp}.${body}`)
		.digest('base64');
	const { context, answer, finish } = webhookContext({
		baseUrl: 'http://unused.test',
		staticData,
		node: { typeVersion },
		parameters: { options },
		rawBody: Buffer.from(body),
		headers: {
			'webhook-id': id,
			'webhook-timestamp': timestamp,
			'webhook-signature': `v1,${digest}`,
		},
	});
	return trigger.webhook
		.call(context)
		.then((response) => ({ response, answer, finish, log: (context as any).log }));
}

describe('an event', () => {
	test('starts the workflow with the event as the item', async () => {
		const { response } = await deliver();
		expect(response.workflowData).toEqual([[{ json: event }]]);
		expect(response.webhookResponse).toEqual({ received: true });
	});

	test.each<[string, Sent]>([
		['forged', { signedWith: Buffer.from('another secret of that length') }],
		['replayed after six minutes', { sentAt: Date.now() - 6 * 60_000 }],
	])('%s is refused with 401 and starts nothing', async (_what, sent) => {
		const { response, answer, log } = await deliver(sent);
		expect(answer.status).toBe(401);
		expect(response).toEqual({ noWebhookResponse: true });
		expect(log).toMatchObject([{ level: 'warn' }]);
	});

	test('is refused with 503 while there is no secret to check it with', async () => {
		staticData = {};
		const { response, answer } = await deliver();
		expect(answer.status).toBe(503);
		expect(response.workflowData).toBeUndefined();
	});

	test('that is not a JSON object is refused', async () => {
		for (const body of ['[1]', 'null', '{']) {
			expect((await deliver({ body, id: `evt_${body}` })).answer.status).toBe(400);
		}
	});

	test('delivered twice starts the workflow once', async () => {
		await deliver();
		const { response } = await deliver();
		expect(response).toEqual({ webhookResponse: { received: true, duplicate: true } });
	});

	test('delivered twice at the same time, with two copies of the static data, starts it once', async () => {
		const stored = structuredClone(staticData);
		const first = deliver();
		staticData = structuredClone(stored);
		const second = deliver();
		const started = (await Promise.all([first, second])).filter(
			({ response }) => response.workflowData,
		);
		expect(started).toHaveLength(1);
	});

	test('delivered again after n8n failed to start the workflow starts it', async () => {
		const { finish } = await deliver();
		finish(500);
		expect((await deliver()).response.workflowData).toHaveLength(1);
	});

	test('delivered again after n8n started the workflow does not start it again', async () => {
		const { finish } = await deliver();
		finish(200);
		expect((await deliver()).response.workflowData).toBeUndefined();
	});

	test('does not change the static data', async () => {
		const before = structuredClone(staticData);
		await deliver();
		expect(staticData).toEqual(before);
	});
});

describe('an event of a job', () => {
	const withMetadata = (metadata: IDataObject) => JSON.stringify({ ...event, metadata });
	const own = withMetadata({ n8n: { workflowId: 'workflow-1', executionId: '7' } });
	const started = async (sent: Sent) => (await deliver(sent)).response.workflowData !== undefined;

	test('that this workflow ran does not start it again', async () => {
		const { response } = await deliver({ body: own });
		expect(response).toEqual({ webhookResponse: { received: true, started: false } });
	});

	test.each<[string, Sent]>([
		['this workflow ran, if the user includes them', { options: { includeOwnJobs: true } }],
		['this workflow ran, in version 1', { typeVersion: 1 }],
		['another workflow ran', { body: own.replace('workflow-1', 'workflow-2') }],
	])('that %s starts it', async (_what, sent) => {
		expect(await started({ body: own, ...sent })).toBe(true);
	});

	test.each<[boolean, IDataObject]>([
		[true, { customer: 7, team: { name: 'a' } }],
		[false, { customer: 8, team: { name: 'a' } }],
		[false, { customer: 7, team: null }],
		[false, {}],
	])('starts the workflow: %s, if its metadata is %j', async (starts, metadata) => {
		const entry = [
			{ name: 'customer', value: '7' },
			{ name: 'team.name', value: 'a' },
		];
		expect(await started({ body: withMetadata(metadata), options: { metadata: { entry } } })).toBe(
			starts,
		);
	});
});

test('a new trigger starts on completed and failed, and one of version 1 on all events', () => {
	const events = trigger.description.properties.filter(({ name }) => name === 'events');
	expect(events).toMatchObject([
		{
			displayOptions: { show: { '@version': [1] } },
			default: ['started', 'progress', 'completed', 'failed'],
		},
		{
			displayOptions: { show: { '@version': [{ _cnd: { gte: 2 } }] } },
			default: ['completed', 'failed'],
		},
	]);
});
