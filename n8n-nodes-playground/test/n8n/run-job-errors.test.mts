import { describe, expect, test } from 'vitest';
import { startDaemonProcess } from './support/daemon-process.mts';
import { useGatedDaemon } from './support/gated-daemon.mts';
import type { Json } from './support/n8n-client.mts';
import { startProxy } from './support/proxy.mts';
import { until } from './support/until.mts';
import {
	chain,
	items,
	manualTrigger,
	noOp,
	runJob,
	type RunJobSettings,
} from './support/workflows.mts';
import { client, start } from './support/world.mts';

const t = useGatedDaemon();
const { job, at } = t;

/** Run Job with the plugin `gate`, and a node after each of its outputs. */
function withErrorOutput(
	name: string,
	gateNames: string[],
	settings: Omit<RunJobSettings, 'credential'>,
) {
	const workflow = chain(name, manualTrigger(), at(...gateNames), job(settings));
	workflow.nodes.push(noOp('Good'), noOp('Bad'));
	const to = (target: string) => [{ node: target, type: 'main', index: 0 }];
	workflow.connections['Run Job'] = { main: [to('Good'), to('Bad')] };
	return workflow;
}

const outcome = ({ json }: Json) => json.output ?? json.error;

describe.concurrent('a job that fails', () => {
	describe.concurrent.each([
		['within the first wait', 60],
		['after parking', 0],
	])('%s', (when, firstWaitSeconds) => {
		/** The second of three jobs fails. */
		async function failSecond(onError: string) {
			const names = [1, 2, 3].map((index) => `${onError} ${when} ${index}`);
			t.gates.open(names[0] as string, 'first');
			t.gates.fail(names[1] as string, 'bad page');
			t.gates.open(names[2] as string, 'third');
			return await start(
				withErrorOutput(onError, names, { options: { firstWaitSeconds }, settings: { onError } }),
			);
		}

		test('fails the node with its message under Stop Workflow', async () => {
			const execution = await client.untilStatus(await failSecond('stopWorkflow'), 'error');
			expect(execution.error).toMatchObject({
				message: 'bad page',
				description: expect.stringMatching(
					/^1 of 3 items failed\. Plugin `gate` failed in job <a href="http.*">job_\w+<\/a>: PLUGIN_THREW\.$/,
				),
				// With the plugin's stack.
				messages: [expect.stringMatching(/Error: bad page\n +at .*gate\.mjs/)],
				context: { itemIndex: 1 },
			});
			expect(execution.runs('Good')).toBe(0);
		});

		test('becomes an error item in its place under Continue', async () => {
			const id = await failSecond('continueRegularOutput');
			const execution = await client.untilStatus(id, 'success');
			expect(execution.items('Good').map(outcome)).toEqual(['first', 'bad page', 'third']);
			expect(execution.runs('Bad')).toBe(0);
		});

		test('leaves by the error output under Continue (using error output)', async () => {
			const execution = await client.untilStatus(
				await failSecond('continueErrorOutput'),
				'success',
			);
			expect(execution.items('Good').map(outcome)).toEqual(['first', 'third']);
			expect(execution.items('Bad')).toMatchObject([
				{
					json: {
						error: 'bad page',
						details: { status: 'failed', errorCode: 'PLUGIN_THREW', jobId: expect.any(String) },
					},
				},
			]);
		});
	});
});

describe.concurrent('Run Job', () => {
	test('runs only failed jobs again under Retry On Fail', async () => {
		t.gates.open('steady', 'steady');
		t.gates.fail('flaky', 'not yet');
		t.gates.open('flaky', 'now');
		const retrying = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const options = { firstWaitSeconds: 60 };
		const id = await start(
			chain('Retry', manualTrigger(), at('steady', 'flaky'), job({ options, settings: retrying })),
		);
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('Run Job').map(outcome)).toEqual(['steady', 'now']);
		expect([t.gates.arrivals('steady'), t.gates.arrivals('flaky')]).toEqual([1, 2]);
	});

	test('runs nothing twice under Retry On Fail if the response was lost', async () => {
		const proxy = await startProxy(t.daemon.baseUrl);
		try {
			const { baseUrl } = proxy;
			const through = await client.createCredential({ baseUrl, token: t.daemon.token });
			for (const name of ['once-1', 'once-2']) t.gates.open(name, name);
			const settings = { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 };
			const options = { firstWaitSeconds: 60 };
			const retrying = runJob({ credential: through, options, settings });
			proxy.loseNextAnswer();
			const id = await start(chain('Lost', manualTrigger(), at('once-1', 'once-2'), retrying));
			const execution = await client.untilStatus(id, 'success');
			expect(execution.items('Run Job').map(outcome)).toEqual(['once-1', 'once-2']);
			expect(proxy.calls).toEqual(['POST /v1/batches', 'POST /v1/batches']);
			expect([t.gates.arrivals('once-1'), t.gates.arrivals('once-2')]).toEqual([1, 1]);
		} finally {
			await proxy.close();
		}
	});

	test('runs a job that failed after parking again under Retry On Fail', async () => {
		t.gates.open('steady, parked', 'steady');
		t.gates.fail('flaky, parked', 'not yet');
		t.gates.open('flaky, parked', 'now');
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const retrying = job({ options: { firstWaitSeconds: 0 }, settings });
		const both = at('steady, parked', 'flaky, parked');
		const id = await start(chain('Tries', manualTrigger(), both, retrying));
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('Run Job').map(outcome)).toEqual(['steady', 'now']);
		expect([t.gates.arrivals('steady, parked'), t.gates.arrivals('flaky, parked')]).toEqual([1, 2]);
	});

	test.each([
		['saved', true],
		['original', false],
	])(
		'runs its job again when the execution is retried with the %s workflow',
		async (of, loadWorkflow) => {
			const gate = `retried, ${of}`;
			t.gates.fail(gate, 'not yet');
			const options = { firstWaitSeconds: 0, deadlineMinutes: 5 };
			const workflow = chain('Retried', manualTrigger(), at(gate), job({ options }), noOp('After'));
			const id = await start(workflow);
			expect((await client.untilStatus(id, 'error')).error).toMatchObject({ message: 'not yet' });
			t.gates.open(gate, 'now');
			const retried = await client.rest('POST', `/executions/${id}/retry`, { loadWorkflow });
			const execution = await client.untilStatus(retried.id, 'success');
			expect(execution.items('After').map(outcome)).toEqual(['now']);
			expect(t.gates.arrivals(gate)).toBe(2);
		},
	);

	test('of version 1 fails after parking without another try, also under Retry On Fail', async () => {
		t.gates.fail('tried once', 'bad page');
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const retrying = job({ options: { firstWaitSeconds: 0 }, settings, typeVersion: 1 });
		const id = await start(chain('Parked', manualTrigger(), at('tried once'), retrying));
		expect((await client.untilStatus(id, 'error')).error).toMatchObject({ message: 'bad page' });
		expect(t.gates.arrivals('tried once')).toBe(1);
	});

	test('returns error items after the deadline, and the job goes on', async () => {
		const options = { firstWaitSeconds: 0, deadlineMinutes: 0.01 };
		const settings = { onError: 'continueErrorOutput' };
		const id = await start(withErrorOutput('Deadline', ['late'], { options, settings }));
		// n8n looks for overdue executions once a minute.
		const execution = await client.untilStatus(id, 'success');
		const [late] = execution.items('Bad');
		expect(late?.json).toMatchObject({
			error: expect.stringContaining('did not end within 0.01 minutes'),
			details: { status: 'timeout' },
		});
		const { jobId } = late?.json.details;
		expect(await t.daemon.call('GET', `/v1/jobs/${jobId}`)).toMatchObject({ status: 'running' });
		t.gates.open('late', 'too late');
		await until('the job has ended', async () => {
			const { status } = await t.daemon.call('GET', `/v1/jobs/${jobId}`);
			return status === 'completed';
		});
	});

	test('is resumed when its job is cancelled by the operation Cancel', async () => {
		const waiting = await start(
			withErrorOutput('Waits', ['cancelled'], {
				options: { firstWaitSeconds: 0, name: 'to be cancelled' },
				settings: { onError: 'continueErrorOutput' },
			}),
		);
		await t.gates.untilArrived('cancelled');
		const { items: jobs } = await t.daemon.call('GET', '/v1/jobs?name=to%20be%20cancelled');
		const cancel = job({ operation: 'cancel', jobId: jobs[0]?.jobId });
		const cancelling = await start(chain('Cancel', manualTrigger(), cancel));
		expect((await client.untilStatus(cancelling, 'success')).items('Run Job')).toHaveLength(1);

		const execution = await client.untilStatus(waiting, 'success');
		expect(execution.items('Bad')[0]?.json.details).toMatchObject({
			status: 'failed',
			errorCode: 'CANCELLED',
		});
	});

	test('ends a job that takes longer than its Timeout', async () => {
		const options = { firstWaitSeconds: 60, timeoutSeconds: 0.2 };
		const id = await start(
			withErrorOutput('Timeout', ['too slow'], {
				options,
				settings: { onError: 'continueErrorOutput' },
			}),
		);
		const execution = await client.untilStatus(id, 'success');
		expect(execution.items('Bad')[0]?.json.details).toMatchObject({ errorCode: 'JOB_TIMEOUT' });
	});

	test('runs the valid items, and gives the reason for each of the others', async () => {
		const workflow = withErrorOutput('Refused', [], {
			plugin: 'word-count',
			input: '{ text: $json.text }',
			settings: { onError: 'continueErrorOutput' },
		});
		workflow.nodes[1] = items({ text: 'a b' }, { text: 7 }, { text: 'c' });
		const execution = await client.untilStatus(await start(workflow), 'success');
		expect(execution.items('Good').map(({ json }) => json.output.words)).toEqual([2, 1]);
		expect(execution.items('Bad')).toMatchObject([
			{ json: { error: 'input.text is 7: it must be a string' } },
		]);
	});

	test('fails with the item and the field if an item is refused under Stop Workflow', async () => {
		const refused = job({ plugin: 'word-count', input: '{ text: $json.text }' });
		const id = await start(
			chain('Stops', manualTrigger(), items({ text: 'a' }, { text: 7 }), refused),
		);
		const { error } = await client.untilStatus(id, 'error');
		expect(error).toMatchObject({
			message: 'Playground refused this item: input.text is 7: it must be a string',
			description: 'No item was run.',
			context: { itemIndex: 1 },
		});
	});

	test('fails with a message if the daemon does not answer', async () => {
		const gone = await startDaemonProcess();
		const { baseUrl, token } = gone;
		const itsCredential = await client.createCredential({ baseUrl, token });
		await gone.remove();
		const id = await start(
			chain('Gone', manualTrigger(), at('never'), runJob({ credential: itsCredential })),
		);
		const { error } = await client.untilStatus(id, 'error');
		expect(error?.message).toBe(`Playground does not answer at ${baseUrl}`);
	});
});
