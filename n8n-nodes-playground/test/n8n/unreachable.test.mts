/** A daemon that cannot reach n8n. It uses a proxy that does not exist, so that n8n reaches it all the same. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import { startGates, type Gates } from './support/gates.mts';
import type { Credential } from './support/n8n-client.mts';
import { chain, items, manualTrigger, noOp, playgroundTrigger, runJob } from './support/workflows.mts';
import { client, n8n, start } from './support/world.mts';

let daemon: DaemonProcess;
let credential: Credential;
let gates: Gates;

beforeAll(async () => {
	gates = await startGates();
	daemon = await startDaemonProcess({
		PLAYGROUND_PROXY: 'http://127.0.0.1:1/',
		PLAYGROUND_NO_PROXY: new URL(gates.url('any')).host,
	});
	const { baseUrl, token } = daemon;
	credential = await client.createCredential({ baseUrl, token });
});
afterAll(async () => {
	await Promise.all([daemon?.remove(), gates?.close()]);
});

const { host } = new URL(n8n.baseUrl);

test('a trigger fails to publish, and says what to set', async () => {
	const trigger = playgroundTrigger(credential);
	const workflowId = await client.createWorkflow(chain('Unreachable', trigger, noOp('Take')));
	const failed = await client.publish(workflowId);
	expect(failed.status).toBe('failed');
	const text = JSON.stringify(failed);
	expect(text).toContain(`Playground cannot call n8n back`);
	expect(text).toContain(`cannot be reached at ${host}: the request failed with ECONNREFUSED`);
	expect((await daemon.call('GET', '/v1/webhooks')).items).toEqual([]);
});

test('an execution does not park, and says what to set', async () => {
	const job = runJob({ credential, options: { firstWaitSeconds: 0 } });
	const at = items({ url: gates.url('unreachable') });
	const id = await start(chain('Does not park', manualTrigger(), at, job, noOp('After')));
	const { error, status } = await client.untilStatus(id, 'error');
	expect(status).toBe('error');
	expect(error?.message).toContain(`cannot be reached at ${host}`);
	expect(error?.description).toContain('N8N_WEBHOOK_URL');
});

test('n8n answers a probe with 204, and an unknown path as the daemon expects it', async () => {
	const path = createHash('sha256').update('no such webhook').digest('hex');
	const url = `${n8n.baseUrl}/webhook/${path}/playground`;
	expect((await fetch(url, { method: 'OPTIONS' })).status).toBe(204);
	const posted = await fetch(url, { method: 'POST' });
	expect(posted.status).toBe(404);
	const { message } = (await posted.json()) as { message: string };
	// runner/src/domain/webhook-health.ts looks for these words.
	expect(message).toContain('webhook');
	expect(message).toContain('is not registered');
});
