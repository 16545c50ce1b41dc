import { beforeAll, describe, expect, test } from 'vitest';
import { useGatedDaemon } from './support/gated-daemon.mts';
import type { Json } from './support/n8n-client.mts';
import { chain, manualTrigger, noOp, playgroundTrigger } from './support/workflows.mts';
import { client, n8n, start } from './support/world.mts';

const t = useGatedDaemon();

async function park(name: string): Promise<string> {
	const job = t.job({ options: { firstWaitSeconds: 0 } });
	const id = await start(chain(name, manualTrigger(), t.at(name), job, noOp('After')));
	await client.untilStatus(id, 'waiting');
	return id;
}

async function answerOf(executionId: string): Promise<Json> {
	const execution = await client.untilStatus(executionId, 'success');
	return execution.items('After')[0]?.json.output;
}

async function runNamed(name: string): Promise<string> {
	const body = { plugins: ['word-count'], name, input: { text: 'a' } };
	return (await t.daemon.call('POST', '/v1/jobs', body)).jobId;
}

describe('when n8n is killed and started again', () => {
	let workflowId: string;
	let parked: string;
	const received = async (count: number) =>
		(await client.untilEnded(workflowId, count)).map(
			(execution) => execution.items('Playground Trigger')[0]?.json.jobId,
		);
	const webhooks = async (): Promise<Json[]> =>
		(await t.daemon.call('GET', '/v1/webhooks?limit=500')).items.map(({ id, createdAt }: Json) => ({
			id,
			createdAt,
		}));
	let before: string;
	let registered: Json[];

	beforeAll(async () => {
		const parameters = { events: ['completed'], jobName: 'restart' };
		const trigger = playgroundTrigger(t.credential, parameters);
		workflowId = await client.createWorkflow(chain('Survives', trigger, noOp('Take')));
		await client.publish(workflowId);
		registered = await webhooks();
		before = await runNamed('restart');
		await received(1);
		parked = await park('over the restart');
		await n8n.kill();
		await n8n.start();
	}, 300_000);

	test('the trigger gets events by the same webhook', async () => {
		expect(registered).toHaveLength(1);
		expect(await webhooks()).toEqual(registered);
		const after = await runNamed('restart');
		expect(await received(2)).toEqual([before, after]);
	});

	test('a parked execution resumes', async () => {
		t.gates.open('over the restart', { answer: 'still here' });
		expect(await answerOf(parked)).toEqual({ answer: 'still here' });
	});
});

test('an execution resumes if the daemon was killed while it was parked', async () => {
	const id = await park('over the crash');
	await t.gates.untilArrived('over the crash');
	await t.daemon.kill();
	await t.daemon.start();
	// The step that the crash interrupted runs again.
	t.gates.open('over the crash', { answer: 'again' });
	t.gates.open('over the crash', { answer: 'again' });
	expect(await answerOf(id)).toEqual({ answer: 'again' });
});
