import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import type { Credential, Json } from './support/n8n-client.mts';
import { until } from './support/until.mts';
import {
	chain,
	noOp,
	playgroundTrigger,
	runJob as runJobNode,
	type Node,
} from './support/workflows.mts';
import { client, n8n } from './support/world.mts';

let daemon: DaemonProcess;
let credential: Credential;

beforeAll(async () => {
	daemon = await startDaemonProcess();
	const { baseUrl, token } = daemon;
	credential = await client.createCredential({ baseUrl, token });
});
afterAll(() => daemon?.remove());

const ALL = ['started', 'progress', 'completed', 'failed'];

interface Listener {
	workflowId: string;
	trigger: Node;
	/** The events that started the workflow, in order. */
	events(count: number): Promise<Json[]>;
	/** Its webhooks at the daemon. */
	webhooks(): Promise<Json[]>;
}

/** Creates a workflow with a trigger, without publishing it. */
async function listen(parameters: Json = {}, to = { credential, daemon }): Promise<Listener> {
	const trigger = playgroundTrigger(to.credential, { events: ALL, ...parameters });
	const workflowId = await client.createWorkflow(chain('Listens', trigger, noOp('Take')));
	return {
		workflowId,
		trigger,
		events: async (count) =>
			(await client.untilEnded(workflowId, count)).map(
				(execution) => execution.items('Playground Trigger')[0]?.json as Json,
			),
		webhooks: async () => {
			const { items } = await to.daemon.call('GET', '/v1/webhooks?limit=500');
			return items.filter(({ url }: Json) => url.includes(`/${trigger.webhookId}/`));
		},
	};
}

async function runJob(name: string, { plugin = 'word-count', in: where = daemon } = {}) {
	const body = { plugins: [plugin], name, input: { text: 'one two' } };
	return (await where.call('POST', '/v1/jobs', body)).jobId as string;
}

const kinds = (events: Json[]) => events.map(({ status }) => status).sort();

describe.concurrent('Playground Trigger', () => {
	test('gets every event while its workflow is published, and then removes its webhook', async () => {
		const { workflowId, events, webhooks } = await listen({ jobName: 'every event' });
		expect(await client.publish(workflowId)).toMatchObject({ status: 'published' });
		expect(await webhooks()).toMatchObject([{ state: 'active', jobName: 'every event' }]);

		const jobId = await runJob('every event');
		const received = await events(3);
		expect(kinds(received)).toEqual(['completed', 'progress', 'started']);
		expect(received.map((event) => event.jobId)).toEqual([jobId, jobId, jobId]);
		const completed = received.find(({ status }) => status === 'completed');
		expect(completed).toMatchObject({ result: { output: { words: 2 } }, sequence: 3 });

		await client.unpublish(workflowId);
		expect(await webhooks()).toEqual([]);
	});

	test('filters by kind of event, plugin and job name', async () => {
		const filter = { events: ['completed'], plugins: ['word-count'], jobName: 'wanted' };
		const { workflowId, events } = await listen(filter);
		await client.publish(workflowId);
		const other = { plugins: ['text-chunk'], name: 'wanted', input: { text: 'one' } };
		await daemon.call('POST', '/v1/jobs', other);
		await runJob('unwanted');
		const wanted = await runJob('wanted');
		expect(await events(1)).toMatchObject([{ status: 'completed', jobId: wanted }]);
		await client.unpublish(workflowId);
	});

	test('does not start again from the jobs that its workflow runs', async () => {
		const trigger = playgroundTrigger(credential, { jobName: 'loop' });
		const job = runJobNode({
			credential,
			plugin: 'word-count',
			input: '{ text: "one" }',
			options: { name: 'loop', firstWaitSeconds: 60 },
		});
		const workflowId = await client.createWorkflow(chain('Loops', trigger, job, noOp('After')));
		await client.publish(workflowId);
		await runJob('loop');
		const [execution] = await client.untilEnded(workflowId, 1);
		const { jobId } = execution?.items('Run Job')[0]?.json ?? {};
		await until('the events of the job are delivered', async () => {
			const { items } = await daemon.call('GET', `/v1/deliveries?jobId=${jobId}`);
			return items.length > 0 && items.every(({ state }: Json) => state === 'delivered');
		});
		expect(await client.executions(workflowId)).toHaveLength(1);
		await client.unpublish(workflowId);
	});

	test('filters by metadata', async () => {
		const metadata = { entry: [{ name: 'customer.id', value: '7' }] };
		const { workflowId, events } = await listen({
			events: ['completed'],
			options: { metadata },
		});
		await client.publish(workflowId);
		const submit = (id: number) =>
			daemon.call('POST', '/v1/jobs', {
				plugins: ['word-count'],
				input: { text: 'one' },
				metadata: { customer: { id } },
			});
		await submit(8);
		const { jobId } = await submit(7);
		expect(await events(1)).toMatchObject([{ jobId }]);
		await client.unpublish(workflowId);
	});

	test('replaces its webhook when a parameter changes', async () => {
		const { workflowId, trigger, webhooks, events } = await listen({ jobName: 'changed' });
		await client.publish(workflowId);
		const [before] = await webhooks();
		trigger.parameters = { ...trigger.parameters, events: ['failed'] };
		await client.api('PUT', `/workflows/${workflowId}`, chain('Listens', trigger, noOp('Take')));
		const after = await until('the webhook is another', async () => {
			const [webhook, ...more] = await webhooks();
			return webhook && webhook.id !== before?.id && more.length === 0 && webhook;
		});
		expect(after.on).toEqual(['failed']);
		const body = { plugins: ['gate'], name: 'changed', input: { url: 'http://127.0.0.1:9/' } };
		await daemon.call('POST', '/v1/jobs', body);
		expect(kinds(await events(1))).toEqual(['failed']);
		await client.unpublish(workflowId);
	});

	test('listens for a test event beside the published workflow', async () => {
		const filter = { jobName: 'tested', events: ['completed'] };
		const { workflowId, webhooks } = await listen(filter);
		await client.publish(workflowId);
		expect(await client.runManually(workflowId, 'Playground Trigger')).toBeNull();
		const [active, listener] = await webhooks();
		expect(active).toMatchObject({ url: expect.stringContaining('/webhook/'), expiresAt: null });
		expect(listener).toMatchObject({ url: expect.stringContaining('/webhook-test/') });
		expect(listener?.expiresAt).not.toBeNull();

		await runJob('tested');
		const executions = await client.untilEnded(workflowId, 2);
		expect(executions.map(({ mode }) => mode).sort()).toEqual(['manual', 'webhook']);
		await until('only the active webhook is left', async () => (await webhooks()).length === 1);
		await client.unpublish(workflowId);
		expect(await webhooks()).toEqual([]);
	});

	test('fails to publish with a message while the daemon is down, and succeeds when it is back', async () => {
		const own = await startDaemonProcess();
		try {
			const { baseUrl, token } = own;
			const to = { daemon: own, credential: await client.createCredential({ baseUrl, token }) };
			const { workflowId, webhooks, events } = await listen({ events: ['completed'] }, to);
			await own.kill();
			const failed = await client.publish(workflowId);
			expect(failed.status).toBe('failed');
			expect(JSON.stringify(failed)).toContain(`Playground does not answer at ${baseUrl}`);

			await own.start();
			expect(await client.publish(workflowId)).toMatchObject({ status: 'published' });
			expect(await webhooks()).toHaveLength(1);
			const jobId = await runJob('healed', { in: own });
			expect(await events(1)).toMatchObject([{ jobId }]);
			await client.unpublish(workflowId);
			expect(await webhooks()).toEqual([]);
		} finally {
			await own.remove();
		}
	});

	test('recovers after it was unpublished and published while the daemon was down', async () => {
		const own = await startDaemonProcess();
		try {
			const { baseUrl, token } = own;
			const to = { daemon: own, credential: await client.createCredential({ baseUrl, token }) };
			const { workflowId, webhooks, events } = await listen({ events: ['completed'] }, to);
			await client.publish(workflowId);
			await own.kill();
			// Neither can reach the daemon, so n8n's static data is out of date from then on.
			await client.unpublish(workflowId);
			expect(await client.publish(workflowId)).toMatchObject({ status: 'failed' });

			await own.start();
			// Now events arrive only after a new registration.
			for (const { id } of await webhooks()) await own.call('DELETE', `/v1/webhooks/${id}`);
			expect(await client.publish(workflowId)).toMatchObject({ status: 'published' });
			expect(await webhooks()).toHaveLength(1);
			const jobId = await runJob('again', { in: own });
			expect(await events(1)).toMatchObject([{ jobId }]);
			await client.unpublish(workflowId);
			expect(await webhooks()).toEqual([]);
		} finally {
			await own.remove();
		}
	});

	test('fails to publish with a message if the token may not register webhooks', async () => {
		const { baseUrl } = daemon;
		const token = await daemon.addToken('run');
		const to = { daemon, credential: await client.createCredential({ baseUrl, token }) };
		const { workflowId, webhooks } = await listen({}, to);
		const failed = await client.publish(workflowId);
		expect(failed.status).toBe('failed');
		expect(JSON.stringify(failed)).toContain('This request needs a token with the scope admin');
		expect(await webhooks()).toEqual([]);
	});

	test('gets events from a daemon that was killed and started again', async () => {
		const own = await startDaemonProcess();
		try {
			const { baseUrl, token } = own;
			const to = { daemon: own, credential: await client.createCredential({ baseUrl, token }) };
			const { workflowId, events } = await listen({ events: ['completed'] }, to);
			await client.publish(workflowId);
			await own.kill();
			await own.start();
			const jobId = await runJob('after', { in: own });
			expect(await events(1)).toMatchObject([{ jobId }]);
		} finally {
			await own.remove();
		}
	});
});

describe('a delivery that the trigger must refuse', () => {
	const EVENT = { status: 'completed', jobId: 'job_forged' };
	let listener: Listener;
	let url: string;
	let secret: string;

	beforeAll(async () => {
		listener = await listen({ jobName: 'signed' });
		await client.publish(listener.workflowId);
		url = (await listener.webhooks())[0]?.url;
		const { staticData } = await client.rest('GET', `/workflows/${listener.workflowId}`);
		secret = staticData['node:Playground Trigger'].secret;
	});
	afterAll(() => client.unpublish(listener.workflowId));

	function sign(id: string, timestamp: number, key = secret): string {
		const bytes = Buffer.from(key.replace('whsec_', ''), 'base64');
		const signed = `${id}.${timestamp}.${JSON.stringify(EVENT)}`;
		return `v1,${createHmac('sha256', bytes).update(signed).digest('base64')}`;
	}

	const now = () => Math.floor(Date.now() / 1000);
	const OTHER = `whsec_${Buffer.alloc(32).toString('base64')}`;

	async function send(id: string, timestamp: number, signature: string): Promise<Response> {
		return await fetch(url, {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'webhook-id': id,
				'webhook-timestamp': String(timestamp),
				...(signature && { 'webhook-signature': signature }),
			},
			body: JSON.stringify(EVENT),
		});
	}

	test('is forged, altered, unsigned or old; a valid one starts the workflow once', async () => {
		const old = now() - 6 * 60;
		const answers = [
			await send('evt_forged', now(), sign('evt_forged', now(), OTHER)),
			await send('evt_altered', now(), sign('evt_other', now())),
			await send('evt_unsigned', now(), ''),
			await send('evt_old', old, sign('evt_old', old)),
		];
		expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);

		const at = now();
		const good = [1, 2, 3].map(() => send('evt_good', at, sign('evt_good', at)));
		const bodies: Json[] = await Promise.all(good.map(async (sent) => (await sent).json() as Json));
		expect(bodies.filter(({ duplicate }: Json) => duplicate)).toHaveLength(2);
		await listener.events(1);
		const replayed = await send('evt_good', at, sign('evt_good', at));
		expect(await replayed.json()).toEqual({ received: true, duplicate: true });
		expect(await client.executions(listener.workflowId)).toHaveLength(1);
		expect(n8n.output()).toContain('Playground Trigger refused an event');
	});
});
