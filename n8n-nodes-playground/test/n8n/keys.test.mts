import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import type { Credential } from './support/n8n-client.mts';
import { chain, items, manualTrigger, runJob } from './support/workflows.mts';
import { client, start } from './support/world.mts';

let daemon: DaemonProcess;
let credential: Credential;

beforeAll(async () => {
	daemon = await startDaemonProcess();
	const { baseUrl, token } = daemon;
	credential = await client.createCredential({ baseUrl, token });
});
afterAll(() => daemon?.remove());

async function startJobs(options: object) {
	const keyed = runJob({
		credential,
		plugin: 'word-count',
		input: '{ text: $json.text }',
		operation: 'start',
		options,
	});
	const texts = items({ text: 'one' }, { text: 'one two' }, { text: 'one two three' });
	const workflow = chain('Keys', manualTrigger(), texts, keyed);
	const execution = await client.untilStatus(await start(workflow), 'success');
	return execution.items('Run Job').map(({ json }) => json);
}

test('Deduplicate gives the items with the same key one job, and the others their own', async () => {
	const key = "={{ $json.text.startsWith('one two') ? 'long' : 'short' }}";
	const [short, long, again] = await startJobs({ dedupe: { by: { key, span: 'ttl' } } });
	expect(short?.deduplicated).toBeUndefined();
	expect(long?.jobId).not.toBe(short?.jobId);
	expect(again).toMatchObject({ jobId: long?.jobId, deduplicated: true });
	const job = await daemon.call('GET', `/v1/jobs/${long?.jobId}`);
	expect(job).toMatchObject({ input: { text: 'one two' }, dedupe: { key: 'long', while: null } });
});

test('Debounce makes one job of all items, with the input of the newest', async () => {
	const window = { key: 'shop', delaySeconds: 600, maxSeconds: 3600 };
	const jobs = await startJobs({ debounce: { window } });
	expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(1);
	expect(jobs.map(({ debounced }) => debounced)).toEqual([undefined, true, true]);
	const job = await daemon.call('GET', `/v1/jobs/${jobs[0]?.jobId}`);
	expect(job).toMatchObject({ input: { text: 'one two three' }, debounce: { merged: 2 } });
});
