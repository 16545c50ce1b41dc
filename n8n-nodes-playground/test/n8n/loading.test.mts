import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import type { Json } from './support/n8n-client.mts';
import { client, n8n } from './support/world.mts';

let daemon: DaemonProcess;

beforeAll(async () => {
	daemon = await startDaemonProcess();
});
afterAll(() => daemon?.remove());

describe('n8n offers', () => {
	let types: Map<string, Json>;

	beforeAll(async () => {
		types = new Map((await client.nodeTypes()).map((type) => [type.name, type]));
	});

	test.each([
		['n8n-nodes-playground.playgroundTrigger', 'Playground Trigger', [], ['main']],
		['n8n-nodes-playground.runJob', 'Run Job', ['main'], ['main']],
		['n8n-nodes-playground.runJobTool', 'Run Job Tool', [], ['ai_tool']],
	])('%s, with both icons', async (name, displayName, inputs, outputs) => {
		const type = types.get(name);
		expect(type).toMatchObject({ displayName, inputs, outputs });
		for (const icon of Object.values<string>(type?.iconUrl)) {
			const response = await fetch(`${n8n.baseUrl}/${icon}`);
			expect(response.headers.get('content-type')).toContain('svg');
		}
	});
});

describe("the credential's test", () => {
	test('succeeds with the right address and token', async () => {
		const { baseUrl, token } = daemon;
		expect(await client.testCredential({ baseUrl, token })).toMatchObject({ status: 'OK' });
	});

	test('reports a wrong token', async () => {
		const result = await client.testCredential({ baseUrl: daemon.baseUrl, token: 'other' });
		expect(result).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('refused the token'),
		});
	});

	test('reports that the daemon does not answer', async () => {
		const baseUrl = await unusedAddress();
		expect(await client.testCredential({ baseUrl, token: 'any' })).toMatchObject({
			status: 'Error',
			message: expect.stringContaining(`Playground does not answer at ${baseUrl}`),
		});
	});

	test('reports that another service answers', async () => {
		expect(await client.testCredential({ baseUrl: n8n.baseUrl, token: 'any' })).toMatchObject({
			status: 'Error',
			message: expect.stringContaining('is not Playground'),
		});
	});
});

async function unusedAddress(): Promise<string> {
	const server: Server = createServer().listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return `http://127.0.0.1:${port}`;
}
