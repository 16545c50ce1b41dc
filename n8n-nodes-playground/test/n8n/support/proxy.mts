import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between n8n and a daemon. */
export interface Proxy {
	readonly baseUrl: string;
	/** The method and path of each request so far. */
	readonly calls: string[];
	/** Drops the response to the next request, which still reaches the daemon. */
	loseNextAnswer(): void;
	close(): Promise<void>;
}

export async function startProxy(target: string): Promise<Proxy> {
	const { host } = new URL(target);
	const calls: string[] = [];
	let losesNext = false;

	const server = createServer((incoming, outgoing) => {
		const { method, url = '/', headers } = incoming;
		calls.push(`${method} ${url}`);
		const isLost = losesNext;
		losesNext = false;
		const options = { method, headers: { ...headers, host } };
		const onward = httpRequest(new URL(url, target), options, (answer: IncomingMessage) => {
			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			if (isLost) outgoing.destroy();
			else answer.pipe(outgoing);
		});
		onward.once('error', () => outgoing.destroy());
		incoming.pipe(onward);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		baseUrl: `http://127.0.0.1:${port}`,
		calls,
		loseNextAnswer: () => {
			losesNext = true;
		},
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
