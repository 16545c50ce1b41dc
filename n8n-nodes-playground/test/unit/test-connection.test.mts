import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ICredentialsDecrypted } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testConnection } from '../../shared/test-connection';
import { credentialTestContext } from './support/contexts.mts';
import { startDaemon, TOKEN, type Daemon } from './support/daemon.mts';

let daemon: Daemon;

beforeEach(async () => {
	daemon = await startDaemon();
	daemon.on('GET /v1/plugins', () => ({ status: 200, body: { items: [] } }));
});
afterEach(() => daemon.stop());

async function connect(baseUrl: string, token = TOKEN) {
	const credential = { data: { baseUrl, token } } as unknown as ICredentialsDecrypted;
	return await testConnection.call(credentialTestContext(), credential);
}

async function withServer(answer: { status: number; body: string }, run: (url: string) => unknown) {
	const server = createServer((_request, response) => {
		response.writeHead(answer.status, { connection: 'close' }).end(answer.body);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	} finally {
		await new Promise((resolve) => server.close(resolve));
	}
}

describe("the credential's test", () => {
	test('succeeds with the right address and token, trailing slashes or not', async () => {
		expect(await connect(`${daemon.baseUrl}/ `)).toMatchObject({ status: 'OK' });
	});

	test('reports a wrong token', async () => {
		const { status, message } = await connect(daemon.baseUrl, 'other');
		expect(status).toBe('Error');
		expect(message).toContain('refused the token');
	});

	test('reports that the daemon does not answer, and why', async () => {
		await daemon.stop();
		const { status, message } = await connect(daemon.baseUrl);
		expect(status).toBe('Error');
		expect(message).toContain(`Playground does not answer at ${daemon.baseUrl}`);
		expect(message).toContain('ECONNREFUSED');
		daemon = await startDaemon();
	});

	test.each([
		[200, '<html><title>Router</title>'],
		[404, '<html>Not found'],
		[200, '{"hello":"world"}'],
		[200, '[]'],
		[302, ''],
		[401, '{"message":"no"}'],
		[500, ''],
	])('reports that a service which answers %i with %j is not Playground', async (status, body) => {
		await withServer({ status, body }, async (url) => {
			const result = await connect(url);
			expect(result.status).toBe('Error');
			expect(result.message).toContain('is not Playground');
			expect(result.message).toContain(String(status));
		});
	});
});
