/** The nodes in n8n's queue mode. `npm run test:n8n:queue` runs this file. */
import { expect, inject, test } from 'vitest';
import { useGatedDaemon } from '../n8n/support/gated-daemon.mts';
import type { Execution, Json } from '../n8n/support/n8n-client.mts';
import { until } from '../n8n/support/until.mts';
import { chain, code, noOp, playgroundTrigger, webhook } from '../n8n/support/workflows.mts';
import { client } from '../n8n/support/world.mts';

const PARKED = 50;

const t = useGatedDaemon();
const webhookUrl = inject('webhookUrl');

const outputOf = (execution: Execution): Json => execution.items('After')[0]?.json.output;

async function untilParked(workflowId: string, count: number): Promise<Json[]> {
	return await until(`${count} executions wait`, async () => {
		const waiting = (await client.executions(workflowId)).filter(
			({ status }) => status === 'waiting',
		);
		return waiting.length >= count && waiting;
	});
}

async function untilSucceeded(workflowId: string, count: number): Promise<Execution[]> {
	const executions = await client.untilEnded(workflowId, count);
	expect(executions.map(({ status }) => status)).toEqual(Array(count).fill('success'));
	return executions;
}

test('an event starts a workflow by a webhook processor, which parks, and the callback resumes it', async () => {
	const trigger = playgroundTrigger(t.credential, { events: ['completed'], jobName: 'starts' });
	const at = code('Items', `return [{ json: { url: '${t.gates.url('parked')}' } }];`);
	const job = t.job({ options: { firstWaitSeconds: 0 } });
	const workflowId = await client.createWorkflow(chain('Queue', trigger, at, job, noOp('After')));
	expect(await client.publish(workflowId)).toMatchObject({ status: 'published' });
	const { items } = await t.daemon.call('GET', '/v1/webhooks');
	expect(items).toMatchObject([{ url: expect.stringContaining(`${webhookUrl}/webhook/`) }]);

	const body = { plugins: ['word-count'], name: 'starts', input: { text: 'one two' } };
	await t.daemon.call('POST', '/v1/jobs', body);
	await untilParked(workflowId, 1);
	t.gates.open('parked', { answer: 'from a worker' });
	const [execution] = await untilSucceeded(workflowId, 1);
	expect(outputOf(execution as Execution)).toEqual({ answer: 'from a worker' });
	await client.unpublish(workflowId);
	expect((await t.daemon.call('GET', '/v1/webhooks')).items).toEqual([]);
});

test(`${PARKED} executions park at the same time, and each gets the result of its own job`, async () => {
	const at = code(
		'Items',
		`return [{ json: { url: '${t.gates.url('')}' + $input.first().json.body.name } }];`,
	);
	const job = t.job({ options: { firstWaitSeconds: 0 } });
	const workflowId = await client.createWorkflow(
		chain('Many', webhook('many'), at, job, noOp('After')),
	);
	await client.publish(workflowId);
	const names = Array.from({ length: PARKED }, (_, index) => `many-${index}`);

	const beganAt = performance.now();
	const answered = await Promise.all(
		names.map(async (name) => {
			const response = await fetch(`${webhookUrl}/webhook/many`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ name }),
			});
			return [response.status, response.headers.get('x-target')] as const;
		}),
	);
	expect(answered.map(([status]) => status)).toEqual(names.map(() => 200));
	expect(new Set(answered.map(([, target]) => target)).size).toBe(2);
	await untilParked(workflowId, PARKED);
	const parkedAt = performance.now();
	for (const name of names) t.gates.open(name, { name });
	const executions = await untilSucceeded(workflowId, PARKED);
	const resumedAt = performance.now();

	const got = executions.map((execution) => outputOf(execution).name);
	expect(got.sort()).toEqual([...names].sort());
	const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
	console.log(
		`${PARKED} executions parked after ${seconds(beganAt, parkedAt)} s and had ended ${seconds(parkedAt, resumedAt)} s after their jobs could end`,
	);
	await client.unpublish(workflowId);
});

test('an event that is delivered to both webhook processors starts the workflow twice', async () => {
	// A limit that the README states: each process remembers what it has started.
	const trigger = playgroundTrigger(t.credential, { events: ['completed'], jobName: 'twice' });
	const workflowId = await client.createWorkflow(chain('Twice', trigger, noOp('Take')));
	await client.publish(workflowId);
	const body = { plugins: ['word-count'], name: 'twice', input: { text: 'one' } };
	const { jobId } = await t.daemon.call('POST', '/v1/jobs', body);
	await client.untilEnded(workflowId, 1);
	const delivered = await until('the event is delivered', async () => {
		const { items } = await t.daemon.call('GET', `/v1/deliveries?jobId=${jobId}`);
		return items.find(({ state }: Json) => state === 'delivered');
	});
	const redeliver = `/v1/deliveries/${delivered.deliveryId}/redeliver`;
	for (let sent = 0; sent < 4; sent++) {
		await t.daemon.call('POST', redeliver);
		await until('it is delivered again', async () => {
			const { state } = await t.daemon.call('GET', `/v1/deliveries/${delivered.deliveryId}`);
			return state === 'delivered';
		});
	}
	await client.untilEnded(workflowId, 2);
	expect(await client.executions(workflowId)).toHaveLength(2);
	await client.unpublish(workflowId);
});
