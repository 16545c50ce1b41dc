import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import { createN8nClient, signIn, type N8nClient, type Json } from './support/n8n-client.mts';
import { createN8nHome, n8nAt, type N8nProcess } from './support/n8n-process.mts';
import { chain, noOp, playgroundTrigger } from './support/workflows.mts';
import { client } from './support/world.mts';

let daemon: DaemonProcess;

beforeAll(async () => {
	daemon = await startDaemonProcess();
});
afterAll(() => daemon?.remove());

interface Published {
	workflowId: string;
	/** The whole workflow, including n8n's static data. */
	exported: Json;
	/** The id of its webhook at the daemon. */
	webhookId: string;
}

/** The daemon refuses to register a webhook with these. */
const REFUSED = { parameters: { events: ['completed'], plugins: ['Not a plugin name'] } };

const webhookIds = async (): Promise<string[]> =>
	(await daemon.call('GET', '/v1/webhooks?limit=500')).items.map(({ id }: Json) => id);

async function publish(to: N8nClient, jobName: string): Promise<Published> {
	const { baseUrl, token } = daemon;
	const credential = await to.createCredential({ baseUrl, token });
	const trigger = playgroundTrigger(credential, { events: ['completed'], jobName });
	const workflowId = await to.createWorkflow(chain('Original', trigger, noOp('Take')));
	await to.publish(workflowId);
	const { nodes, connections, staticData } = await to.api('GET', `/workflows/${workflowId}`);
	const { webhookId } = staticData['node:Playground Trigger'];
	expect(await webhookIds()).toContain(webhookId);
	return { workflowId, webhookId, exported: { name: 'Copy', nodes, connections, staticData } };
}

/** Imports a workflow with `changes` to its trigger. Resolves to its id. */
async function importInto(to: N8nClient, exported: Json, changes: Json = {}): Promise<string> {
	const { baseUrl, token } = daemon;
	const playgroundApi = await to.createCredential({ baseUrl, token });
	const [trigger, ...others] = structuredClone(exported.nodes);
	Object.assign(trigger, { credentials: { playgroundApi } }, changes);
	const id = await to.createWorkflow({ ...exported, nodes: [trigger, ...others] } as never);
	const { staticData } = await to.api('GET', `/workflows/${id}`);
	expect(staticData).toEqual(exported.staticData);
	return id;
}

async function expectEvent({ workflowId }: Published, jobName: string): Promise<void> {
	const body = { plugins: ['word-count'], name: jobName, input: { text: 'a' } };
	const { jobId } = await daemon.call('POST', '/v1/jobs', body);
	const [execution] = await client.untilEnded(workflowId, 1);
	expect(execution?.items('Playground Trigger')[0]?.json).toMatchObject({ jobId });
}

describe.concurrent('a copy of a published workflow, with its static data,', () => {
	test('that fails to publish leaves the webhook of the original alone', async () => {
		const original = await publish(client, 'fails');
		const copy = await importInto(client, original.exported, {
			webhookId: crypto.randomUUID(),
			...REFUSED,
		});
		expect(await client.publish(copy)).toMatchObject({ status: 'failed' });
		expect(await webhookIds()).toContain(original.webhookId);
		await expectEvent(original, 'fails');
	});

	test('registers a webhook of its own, and removes only that', async () => {
		const original = await publish(client, 'succeeds');
		const copy = await importInto(client, original.exported, { webhookId: crypto.randomUUID() });
		await client.publish(copy);
		const { staticData } = await client.api('GET', `/workflows/${copy}`);
		const { webhookId } = staticData['node:Playground Trigger'];
		expect(webhookId).not.toBe(original.webhookId);
		expect(await webhookIds()).toEqual(expect.arrayContaining([original.webhookId, webhookId]));

		await client.unpublish(copy);
		const left = await webhookIds();
		expect(left).toContain(original.webhookId);
		expect(left).not.toContain(webhookId);
		await expectEvent(original, 'succeeds');
	});

	test('is refused by n8n if it has the same URL, and the original goes on', async () => {
		const original = await publish(client, 'same URL');
		const copy = await importInto(client, original.exported);
		await expect(client.publish(copy)).rejects.toThrow('conflict');
		expect(await webhookIds()).toContain(original.webhookId);
		await expectEvent(original, 'same URL');
	});
});

describe('with a second n8n', () => {
	let other: N8nProcess;
	let otherClient: N8nClient;
	let move: (baseUrl: string) => void;

	beforeAll(async () => {
		const home = await createN8nHome();
		// Without it both would have the same instance id, which comes from the encryption key.
		home.env.N8N_ENCRYPTION_KEY = 'another key for tests only';
		move = (baseUrl) => (home.env.N8N_WEBHOOK_URL = baseUrl);
		other = n8nAt(home);
		await other.start();
		otherClient = createN8nClient(home.baseUrl, await signIn(home.baseUrl));
	});
	afterAll(() => other?.remove());

	test('a copy there leaves the webhook of the original alone', async () => {
		const original = await publish(client, 'elsewhere');
		const refused = await importInto(otherClient, original.exported, REFUSED);
		expect(await otherClient.publish(refused)).toMatchObject({ status: 'failed' });
		await otherClient.unpublish(refused);
		expect(await webhookIds()).toContain(original.webhookId);

		const copy = await importInto(otherClient, original.exported);
		expect(await otherClient.publish(copy)).toMatchObject({ status: 'published' });
		await otherClient.unpublish(copy);
		expect(await webhookIds()).toContain(original.webhookId);
		await expectEvent(original, 'elsewhere');
	});

	test('one that has a new address has one webhook after it is published again', async () => {
		const { workflowId, webhookId } = await publish(otherClient, 'moved');
		const before = await webhookIds();
		await other.kill();
		move(`${other.baseUrl.replace('127.0.0.1', 'localhost')}/`);
		await other.start();
		await otherClient.unpublish(workflowId);
		await otherClient.publish(workflowId);
		const after = await daemon.call('GET', '/v1/webhooks?limit=500');
		const added = after.items.filter(({ id }: Json) => !before.includes(id));
		expect(added).toMatchObject([{ url: expect.stringContaining('http://localhost:') }]);
		expect(await webhookIds()).not.toContain(webhookId);
	});
});
