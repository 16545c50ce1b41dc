import type {
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestMethods,
	ILoadOptionsFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { findAnswerFault, unreachable } from './answer-fault';
import { toNodeApiError } from './errors';

export const CREDENTIAL = 'playgroundApi';

/** Makes the daemon try a URL of n8n before it accepts it. Older daemons ignore it. */
export const PROBE = { probe: 'true' };

const DEFAULT_TIMEOUT_MS = 30_000;
const PAGE_SIZE = 500;

export type PlaygroundContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| IWebhookFunctions;

/** The bytes of a file, as n8n gives and takes them. */
export type FileContent =
	| Buffer
	| Awaited<ReturnType<IExecuteFunctions['helpers']['getBinaryStream']>>;

export interface PlaygroundRequest {
	method: IHttpRequestMethods;
	/** Begins with `/v1/`. The caller encodes ids in it. */
	path: string;
	query?: IDataObject;
	/** A file needs its Content-Type. */
	body?: IDataObject | FileContent;
	headers?: Record<string, string>;
	timeoutMs?: number;
}

export interface PlaygroundAnswer<T> {
	status: number;
	/** Whether the daemon waited, as the request preferred. */
	waited: boolean;
	body: T;
}

interface Page<T> {
	items: T[];
	nextCursor: string | null;
}

export async function readBaseUrl(context: PlaygroundContext): Promise<string> {
	const { baseUrl } = await context.getCredentials<{ baseUrl: string }>(CREDENTIAL);
	return trimBaseUrl(baseUrl);
}

export function trimBaseUrl(baseUrl: string): string {
	return baseUrl.trim().replace(/\/+$/, '');
}

/** Calls the daemon. Throws a NodeApiError that says what to do. */
export async function callPlayground<T>(
	context: PlaygroundContext,
	request: PlaygroundRequest,
): Promise<PlaygroundAnswer<T>> {
	const baseUrl = await readBaseUrl(context);
	let response: { statusCode: number; headers: IDataObject; body: unknown };
	try {
		response = await context.helpers.httpRequestWithAuthentication.call(context, CREDENTIAL, {
			method: request.method,
			url: `${baseUrl}${request.path}`,
			qs: request.query,
			body: request.body,
			headers: request.headers,
			timeout: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
			json: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
		});
	} catch (error) {
		throw toNodeApiError(context.getNode(), unreachable(baseUrl, error));
	}
	const { statusCode: status, body } = response;
	const fault = findAnswerFault(baseUrl, { status, body });
	if (fault !== null) throw toNodeApiError(context.getNode(), fault);
	const waited = response.headers['preference-applied'] !== undefined;
	return { status, waited, body: body as T };
}

/** Every item of a list, page by page. */
export async function* listPlayground<T>(
	context: PlaygroundContext,
	path: string,
	filter: IDataObject = {},
): AsyncGenerator<T> {
	let cursor: string | null = null;
	do {
		const query: IDataObject = {
			...filter,
			limit: PAGE_SIZE,
			...(cursor === null ? {} : { cursor }),
		};
		const page: Page<T> = (await callPlayground<Page<T>>(context, { method: 'GET', path, query }))
			.body;
		yield* page.items;
		cursor = page.nextCursor ?? null;
	} while (cursor !== null);
}
