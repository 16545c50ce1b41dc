import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import { startGates, type Gates } from './support/gates.mts';
import type { Credential, Json } from './support/n8n-client.mts';
import {
	chain,
	items,
	manualTrigger,
	noOp,
	playgroundTrigger,
	runJob,
	START,
} from './support/workflows.mts';
import { client, n8n } from './support/world.mts';

let daemon: DaemonProcess;
let gates: Gates;
let credential: Credential;

beforeAll(async () => {
	[daemon, gates] = await Promise.all([startDaemonProcess(), startGates()]);
	const { baseUrl, token } = daemon;
	credential = await client.createCredential({ baseUrl, token });
});
afterAll(async () => {
	await Promise.all([daemon?.remove(), gates?.close()]);
});

async function park(name: string): Promise<string> {
	const gate = items({ url: gates.url(name) });
	const options = { firstWaitSeconds: 0 };
	const workflow = chain(
		name,
		manualTrigger(),
		gate,
		runJob({ credential, options }),
		noOp('After'),
	);
	const id = await client.runManually(await client.createWorkflow(workflow), START);
	await client.untilStatus(id as string, 'waiting');
	return id as string;
}

async function answerOf(executionId: string): Promise<Json> {
	const execution = await client.untilStatus(executionId, 'success');
	return execution.items('After')[0]?.json.output;
}

async function runNamed(name: string): Promise<string> {
	const body = { plugins: ['word-count'], name, input: { text: 'a' } };
	return (await daemon.call('POST', '/v1/jobs', body)).jobId;
}

describe('when n8n is killed and started again', () => {
	let workflowId: string;
	let parked: string;
	const received = async (count: number) =>
		(await client.untilEnded(workflowId, count)).map(
			(execution) => execution.items('Playground Trigger')[0]?.json.jobId,
		);
	const webhooks = async (): Promise<Json[]> =>
		(await daemon.call('GET', '/v1/webhooks?limit=500')).items.map(({ id, createdAt }: Json) => ({
			id,
			createdAt,
		}));
	let before: string;
	let registered: Json[];

	beforeAll(async () => {
		const parameters = { events: ['completed'], jobName: 'restart' };
		const trigger = playgroundTrigger(credential, parameters);
		workflowId = await client.createWorkflow(chain('Survives', trigger, noOp('Take')));
		await client.publish(workflowId);
		registered = await webhooks();
		before = await runNamed('restart');
		await received(1);
		parked = await park('over the restart');
		await n8n.kill();
		await n8n.start();
	}, 300_000);

	test('the trigger gets events as before, by the webhook that it had', async () => {
		expect(registered).toHaveLength(1);
		expect(await webhooks()).toEqual(registered);
		const after = await runNamed('restart');
		expect(await received(2)).toEqual([before, after]);
	});

	test('an execution that was parked goes on', async () => {
		gates.open('over the restart', { answer: 'still here' });
		expect(await answerOf(parked)).toEqual({ answer: 'still here' });
	});
});

test('when the daemon is killed while an execution is parked, it is resumed after all', async () => {
	const id = await park('over the crash');
	await gates.untilArrived('over the crash');
	await daemon.kill();
	await daemon.start();
	// The step that the crash interrupted runs again.
	gates.open('over the crash', { answer: 'again' });
	gates.open('over the crash', { answer: 'again' });
	expect(await answerOf(id)).toEqual({ answer: 'again' });
});
