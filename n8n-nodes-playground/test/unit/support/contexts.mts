import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import {
	NodeApiError,
	type ICredentialTestFunctions,
	type IDataObject,
	type IExecuteFunctions,
	type IHookFunctions,
	type IHttpRequestOptions,
	type ILoadOptionsFunctions,
	type INode,
	type INodeExecutionData,
	type IWebhookFunctions,
	type JsonObject,
} from 'n8n-workflow';
import { TOKEN } from './daemon.mts';

/** The parts of n8n's contexts that the nodes use. They send real HTTP requests. */

export interface NodeWorld {
	baseUrl: string;
	token?: string;
	node?: Partial<INode>;
	parameters?: Record<string, unknown>;
}

export const NODE: INode = {
	id: '1b0f2a1e-6f0e-4c8e-9b57-5d3f0a4d2c11',
	name: 'Run Job',
	type: 'n8n-nodes-playground.runJob',
	typeVersion: 2,
	position: [0, 0],
	parameters: {},
};

export interface LogLine {
	level: string;
	message: string;
}

function base({ baseUrl, token = TOKEN, node, parameters = {} }: NodeWorld) {
	const theNode = { ...NODE, ...node };
	const log: LogLine[] = [];
	const logger = Object.fromEntries(
		['debug', 'info', 'warn', 'error'].map((level) => [
			level,
			(message: string) => log.push({ level, message }),
		]),
	);
	return {
		log,
		logger,
		getNode: () => theNode,
		getCredentials: async () => ({ baseUrl, token }),
		getNodeParameter: (name: string, ...rest: unknown[]) => {
			const fallback = rest.find((entry) => entry !== null && typeof entry !== 'number');
			const value = parameters[name] ?? fallback;
			const extract = (rest.at(-1) as { extractValue?: boolean } | undefined)?.extractValue;
			return extract ? ((value as IDataObject)?.value ?? value) : value;
		},
		helpers: {
			httpRequestWithAuthentication: async (_type: string, options: IHttpRequestOptions) => {
				try {
					return await send(options, token);
				} catch (error) {
					throw new NodeApiError(theNode, error as JsonObject);
				}
			},
		},
	};
}

async function send(options: IHttpRequestOptions, token: string) {
	const url = new URL(options.url);
	for (const [name, value] of Object.entries(options.qs ?? {})) {
		url.searchParams.set(name, String(value));
	}
	const hasType = 'Content-Type' in (options.headers ?? {});
	const response = await fetch(url, {
		method: options.method,
		headers: {
			...(options.headers as Record<string, string>),
			Authorization: `Bearer ${token}`,
			...(options.body && !hasType ? { 'content-type': 'application/json' } : {}),
		},
		body: hasType ? await bytesOf(options.body) : toJson(options.body),
		redirect: 'manual',
		signal: AbortSignal.timeout(options.timeout ?? 5000),
	});
	return {
		statusCode: response.status,
		headers: Object.fromEntries(response.headers),
		body: options.encoding === 'stream'
			? Readable.fromWeb(response.body as ReadableStream)
			: parse(await response.text()),
	};
}

function toJson(body: IHttpRequestOptions['body']): string | undefined {
	return body ? JSON.stringify(body) : undefined;
}

async function bytesOf(content: IHttpRequestOptions['body']): Promise<Buffer<ArrayBuffer> | undefined> {
	if (content === undefined) return undefined;
	return Buffer.from(content instanceof Readable ? await buffer(content) : (content as Buffer));
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

export interface HookWorld extends NodeWorld {
	staticData: IDataObject;
	webhookUrl?: string;
	mode?: string;
	instanceId?: string;
	workflowId?: string;
}

export function hookContext(world: HookWorld): IHookFunctions & { log: LogLine[] } {
	const { staticData, webhookUrl = 'http://n8n.test/webhook/abc/playground' } = world;
	return {
		...base(world),
		getWorkflowStaticData: () => staticData,
		getNodeWebhookUrl: () => webhookUrl,
		getMode: () => world.mode ?? 'trigger',
		getInstanceId: () => world.instanceId ?? 'instance-1',
		getWorkflow: () => ({ id: world.workflowId ?? 'workflow-1', active: true }),
		getActivationMode: () => 'activate',
	} as unknown as IHookFunctions & { log: LogLine[] };
}

export interface WebhookWorld extends NodeWorld {
	staticData?: IDataObject;
	headers?: Record<string, string>;
	rawBody?: Buffer;
	query?: Record<string, string>;
	body?: IDataObject;
	/** The value of `$('Run Job').context`. */
	nodeContext?: IDataObject;
	runExecutionData?: unknown;
}

export interface SentAnswer {
	status?: number;
	body?: unknown;
}

export function webhookContext(world: WebhookWorld) {
	const answer: SentAnswer = {};
	const sent = new EventEmitter();
	const response = {
		statusCode: 200,
		once: sent.once.bind(sent),
		status: (status: number) => {
			answer.status = status;
			return response;
		},
		json: (body: unknown) => {
			answer.body = body;
			return response;
		},
	};
	const common = base(world);
	const context = {
		...common,
		helpers: { ...common.helpers, prepareBinaryData, binaryToString },
		runExecutionData: world.runExecutionData,
		getWorkflowStaticData: () => world.staticData ?? {},
		getWorkflow: () => ({ id: 'workflow-1' }),
		getHeaderData: () => world.headers ?? {},
		getQueryData: () => world.query ?? {},
		getBodyData: () => world.body ?? {},
		getRequestObject: () => ({ rawBody: world.rawBody }),
		getResponseObject: () => response,
		evaluateExpression: () => world.nodeContext,
	} as unknown as IWebhookFunctions & { log: LogLine[] };
	/** Ends the response with this status, as n8n does. */
	const finish = (status: number) => {
		response.statusCode = status;
		sent.emit('finish');
	};
	return { context, answer, finish };
}

async function binaryToString(content: Buffer | Readable): Promise<string> {
	return String(content instanceof Readable ? await buffer(content) : content);
}

async function prepareBinaryData(
	content: Buffer | Readable,
	fileName?: string,
	mimeType?: string,
) {
	const bytes = content instanceof Readable ? await buffer(content) : content;
	return { data: bytes.toString('base64'), fileName, mimeType: mimeType ?? 'detected' };
}

export interface ExecuteWorld extends NodeWorld {
	items?: INodeExecutionData[];
	/** The parameters of every item. A function gets the item's index. */
	parameters?: Record<string, unknown>;
	/** Shared by the tries of one execution. */
	nodeContext?: IDataObject;
	executionId?: string;
	instanceId?: string;
	runIndex?: number;
	isTool?: boolean;
	timezone?: string;
	/** The nodes before this one, and the names of those that have run. */
	parents?: Array<{ name: string; type: string; parameters: IDataObject }>;
	executed?: string[];
	cancelSignal?: AbortSignal;
}

export function executeContext(world: ExecuteWorld) {
	const items: INodeExecutionData[] = world.items ?? [{ json: {} }];
	const nodeContext = world.nodeContext ?? {};
	const common = base(world);
	const waits: Date[] = [];
	const streams: Readable[] = [];
	const onError = common.getNode().onError ?? 'stopWorkflow';
	const context = {
		...common,
		helpers: {
			...common.helpers,
			prepareBinaryData,
			binaryToString,
			assertBinaryData: (index: number, property: string) => {
				const file = items[index]?.binary?.[property];
				if (file === undefined) throw new Error(`The item has no file in "${property}"`);
				return file;
			},
			getBinaryMetadata: async (id: string) => ({ fileSize: id.length }),
			// The file of an id has the id as its content.
			getBinaryStream: async (id: string) => {
				streams.push(Readable.from([Buffer.from(id)]));
				return streams.at(-1);
			},
			getBinaryDataBuffer: async (index: number, property: string) =>
				Buffer.from(items[index]?.binary?.[property]?.data ?? '', 'base64'),
		},
		getNodeParameter: (name: string, index: number, ...rest: unknown[]) => {
			const value = world.parameters?.[name];
			if (typeof value === 'function') return value(index);
			return common.getNodeParameter(name, index, ...rest);
		},
		getInputData: () => items,
		getInstanceId: () => world.instanceId ?? 'instance-1',
		getExecutionId: () => world.executionId ?? '42',
		getWorkflow: () => ({ id: 'workflow-1' }),
		getTimezone: () => world.timezone ?? 'America/New_York',
		getContext: () => nodeContext,
		continueOnFail: () => onError !== 'stopWorkflow',
		isToolExecution: () => world.isTool ?? false,
		getWorkflowDataProxy: () => ({
			$runIndex: world.runIndex ?? 0,
			$: (name: string) => ({ isExecuted: world.executed?.includes(name) ?? false }),
			$execution: {
				resumeUrl: `http://n8n.test/webhook-waiting/${world.executionId ?? '42'}?signature=resume-token`,
			},
		}),
		getExecutionCancelSignal: () => world.cancelSignal,
		getParentNodes: () => world.parents ?? [],
		putExecutionToWait: async (until: Date) => void waits.push(until),
	} as unknown as IExecuteFunctions;
	return { context, waits, nodeContext, streams };
}

export function loadOptionsContext(world: NodeWorld): ILoadOptionsFunctions {
	const common = base(world);
	return {
		...common,
		getCurrentNodeParameter: (name: string, options: unknown) =>
			common.getNodeParameter(name, options),
	} as unknown as ILoadOptionsFunctions;
}

/** What n8n gives a credential's test: a helper with the interface of the `request` package. */
export function credentialTestContext(): ICredentialTestFunctions {
	const request = async (options: { uri: string; headers: Record<string, string> }) => {
		const response = await fetch(options.uri, { headers: options.headers, redirect: 'manual' });
		return { statusCode: response.status, body: parse(await response.text()) };
	};
	return { helpers: { request } } as unknown as ICredentialTestFunctions;
}
