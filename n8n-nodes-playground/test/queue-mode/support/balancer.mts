import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before the webhook processors, and gives each of them every other request. */
export interface Balancer {
	readonly baseUrl: string;
	/** The addresses that the requests go to, in turn. */
	setTargets(targets: string[]): void;
	close(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
	let targets: string[] = [];
	let next = 0;
	const server = createServer((incoming, outgoing) => {
		const target = targets[next++ % targets.length] ?? '';
		const { method, url = '/', headers } = incoming;
		const options = { method, headers };
		const onward = httpRequest(new URL(url, target), options, (answer: IncomingMessage) => {
			// Lets a test see which processor has answered.
			outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'x-target': target });
			answer.pipe(outgoing);
		});
		onward.once('error', () => outgoing.destroy());
		incoming.pipe(onward);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		baseUrl: `http://127.0.0.1:${port}`,
		setTargets: (addresses) => {
			targets = addresses;
		},
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
