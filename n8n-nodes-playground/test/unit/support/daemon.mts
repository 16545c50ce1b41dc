import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TOKEN = 'test-token';

export interface ReceivedRequest {
	method: string;
	/** Includes the query. */
	path: string;
	headers: IncomingHttpHeaders;
	body: any;
}

export interface DaemonAnswer {
	status: number;
	body?: unknown;
	headers?: Record<string, string>;
}

type Respond = (request: ReceivedRequest) => DaemonAnswer | Promise<DaemonAnswer>;

export interface Daemon {
	baseUrl: string;
	requests: ReceivedRequest[];
	/** The requests to one route, such as `POST /v1/batches`. */
	requestsTo(route: string): ReceivedRequest[];
	/** Sets the response of a route. `:id` matches one segment. */
	on(route: string, respond: Respond): void;
	stop(): Promise<void>;
}

export function problem(status: number, code: string, detail: string, issues: unknown[] = []) {
	return { status, body: { type: `/docs#${code}`, title: code, status, detail, code, issues } };
}

function matches(route: string, { method, path }: ReceivedRequest): boolean {
	const [routeMethod, routePath = ''] = route.split(' ');
	const pattern = new RegExp(`^${routePath.replace(/:\w+/g, '[^/]+')}$`);
	return routeMethod === method && pattern.test(path.split('?')[0] ?? '');
}

/** A real HTTP server in place of the daemon. It checks the token and sends the responses of the test. */
export async function startDaemon(): Promise<Daemon> {
	const requests: ReceivedRequest[] = [];
	const routes = new Map<string, Respond>();

	async function respond(request: ReceivedRequest): Promise<DaemonAnswer> {
		if (request.headers.authorization !== `Bearer ${TOKEN}`) {
			return problem(401, 'UNAUTHORIZED', 'The bearer token is missing or wrong.');
		}
		const route = [...routes.keys()].find((key) => matches(key, request));
		if (route === undefined) return problem(404, 'ROUTE_NOT_FOUND', 'The route does not exist.');
		return (routes.get(route) as Respond)(request);
	}

	const server: Server = createServer(async (incoming, outgoing) => {
		const chunks: Buffer[] = [];
		for await (const chunk of incoming) chunks.push(chunk as Buffer);
		const text = Buffer.concat(chunks).toString();
		const isJson = incoming.headers['content-type']?.includes('json');
		const request: ReceivedRequest = {
			method: incoming.method ?? '',
			path: incoming.url ?? '',
			headers: incoming.headers,
			body: isJson ? JSON.parse(text) : text || undefined,
		};
		requests.push(request);
		const { status, body, headers } = await respond(request);
		const type = status >= 400 ? 'application/problem+json' : 'application/json';
		outgoing.writeHead(status, { 'content-type': type, connection: 'close', ...headers });
		outgoing.end(body === undefined || body instanceof Buffer ? body : JSON.stringify(body));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;

	return {
		baseUrl: `http://127.0.0.1:${port}`,
		requests,
		requestsTo: (route) => requests.filter((request) => matches(route, request)),
		on: (route, answer) => {
			routes.delete(route);
			routes.set(route, answer);
		},
		stop: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
