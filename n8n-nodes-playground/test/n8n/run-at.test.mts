import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import type { Credential } from './support/n8n-client.mts';
import { chain, manualTrigger, runJob } from './support/workflows.mts';
import { client, start } from './support/world.mts';

/** 14 hours ahead of UTC, which no machine that runs the tests is. */
const ZONE = 'Pacific/Kiritimati';

let daemon: DaemonProcess;
let credential: Credential;

beforeAll(async () => {
	daemon = await startDaemonProcess();
	const { baseUrl, token } = daemon;
	credential = await client.createCredential({ baseUrl, token });
});
afterAll(() => daemon?.remove());

test.each([
	['2030-01-01T09:30:00', '2029-12-31T19:30:00.000Z'],
	['2030-01-01T09:30:00+01:00', '2030-01-01T08:30:00.000Z'],
	["={{ DateTime.fromISO('2030-01-01T09:30:00') }}", '2029-12-31T19:30:00.000Z'],
	["={{ new Date('2030-01-01T09:30:00Z') }}", '2030-01-01T09:30:00.000Z'],
])('Run At %s, in a workflow of another time zone, is %s', async (runAt, instant) => {
	const later = runJob({
		credential,
		plugin: 'word-count',
		input: '{ text: "one two" }',
		operation: 'start',
		options: { runAt },
	});
	const workflow = chain('Run At', manualTrigger(), later);
	workflow.settings = { ...workflow.settings, timezone: ZONE };
	const execution = await client.untilStatus(await start(workflow), 'success');
	const { jobId } = execution.items('Run Job')[0]?.json ?? {};
	expect((await daemon.call('GET', `/v1/jobs/${jobId}`)).runAt).toBe(instant);
});
