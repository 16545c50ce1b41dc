import { until, WITHIN_MS } from './until.mts';

const OWNER = {
	email: 'owner@playground.test',
	firstName: 'Play',
	lastName: 'Ground',
	password: 'A-password-4-tests',
};

export interface Json {
	[key: string]: any;
}

export interface Workflow {
	name: string;
	nodes: Json[];
	connections: Json;
	settings?: Json;
}

export interface Credential {
	id: string;
	name: string;
}

export interface PublicationStatus {
	status: 'published' | 'failed' | 'partial' | 'not_published' | 'pending';
	[key: string]: any;
}

export interface Session {
	cookie: string;
	apiKey: string;
}

/** Controls n8n as its editor does, and by its public API. */
export interface N8nClient {
	/** Calls `/rest/...` with the owner's session, as the editor does. */
	rest(method: string, path: string, body?: unknown): Promise<any>;
	/** Calls the public API, `/api/v1/...`, with the owner's key. */
	api(method: string, path: string, body?: unknown): Promise<any>;
	/** n8n's descriptions of all node types that the editor offers. */
	nodeTypes(): Promise<Json[]>;
	createCredential(data: Json, type?: string): Promise<Credential>;
	testCredential(data: Json): Promise<{ status: string; message: string }>;
	/** Resolves to the workflow's id. */
	createWorkflow(workflow: Workflow): Promise<string>;
	/** Publishes the workflow. Waits until n8n has published it or given up. */
	publish(workflowId: string): Promise<PublicationStatus>;
	unpublish(workflowId: string): Promise<PublicationStatus>;
	/** Executes the workflow. Resolves to the execution's id, or null if it waits for an event. */
	runManually(workflowId: string, trigger: string): Promise<string | null>;
	/** The executions without their data, newest first. */
	executions(workflowId: string): Promise<Json[]>;
	/** Waits until the execution has one of the statuses. Resolves to it with its data. */
	untilStatus(executionId: string, ...statuses: string[]): Promise<Execution>;
	/** Waits until this number of the workflow's executions have ended. */
	untilEnded(workflowId: string, count: number): Promise<Execution[]>;
}

export interface Execution {
	id: string;
	status: string;
	mode: string;
	/** The first error. */
	error: Json | undefined;
	/** The output items of a node's last run. */
	items(node: string, output?: number): Json[];
	/** How often the node ran. */
	runs(node: string): number;
}

const ENDED = ['success', 'error', 'canceled', 'crashed'];

/** Creates the owner of a new n8n and signs in. */
export async function signIn(baseUrl: string): Promise<Session> {
	const session: Session = { cookie: '', apiKey: '' };
	const { rest } = createN8nClient(baseUrl, session);
	await rest('POST', '/owner/setup', OWNER);
	await rest('POST', '/login', { emailOrLdapLoginId: OWNER.email, password: OWNER.password });
	const scopes = await rest('GET', '/api-keys/scopes');
	const { rawApiKey } = await rest('POST', '/api-keys', {
		label: 'tests',
		expiresAt: null,
		scopes,
	});
	return { ...session, apiKey: rawApiKey };
}

export function createN8nClient(baseUrl: string, session: Session): N8nClient {
	async function send(method: string, path: string, body: unknown): Promise<any> {
		const response = await fetch(baseUrl + path, {
			method,
			headers: {
				'content-type': 'application/json',
				// After a busy time n8n closes kept connections, even with a request on them.
				connection: 'close',
				'browser-id': 'playground-tests',
				cookie: session.cookie,
				'x-n8n-api-key': session.apiKey,
			},
			body: body === undefined ? null : JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
		const cookie = response.headers.getSetCookie().find((entry) => entry.startsWith('n8n-auth='));
		if (cookie) session.cookie = cookie.split(';')[0] ?? '';
		return text === '' ? undefined : JSON.parse(text);
	}

	const rest = async (method: string, path: string, body?: unknown) =>
		(await send(method, `/rest${path}`, body))?.data;
	const api = (method: string, path: string, body?: unknown) =>
		send(method, `/api/v1${path}`, body);

	async function settled(workflowId: string, wanted: string): Promise<PublicationStatus> {
		return await until(`workflow ${workflowId} is ${wanted}, or has failed to be`, async () => {
			const status = await rest('GET', `/workflows/${workflowId}/publication-status`);
			return [wanted, 'failed'].includes(status.status) && status;
		});
	}

	const read = async (id: string) =>
		toExecution(await api('GET', `/executions/${id}?includeData=true`));
	const executions = async (workflowId: string) =>
		(await api('GET', `/executions?workflowId=${workflowId}&limit=250`)).data;

	return {
		rest,
		api,
		executions,
		nodeTypes: () => send('GET', '/types/nodes.json', undefined),
		createCredential: async (data, type = 'playgroundApi') => {
			const { id, name } = await rest('POST', '/credentials', { name: type, type, data });
			return { id, name };
		},
		testCredential: (data) => {
			const credentials = { id: '', name: 'Playground', type: 'playgroundApi', data };
			return rest('POST', '/credentials/test', { credentials });
		},
		createWorkflow: async (workflow) =>
			(await api('POST', '/workflows', { settings: {}, ...workflow })).id,
		publish: async (workflowId) => {
			await api('POST', `/workflows/${workflowId}/activate`, {});
			return await settled(workflowId, 'published');
		},
		unpublish: async (workflowId) => {
			await api('POST', `/workflows/${workflowId}/deactivate`);
			return await settled(workflowId, 'not_published');
		},
		runManually: async (workflowId, trigger) => {
			const workflowData = await rest('GET', `/workflows/${workflowId}`);
			const body = { workflowData, triggerToStartFrom: { name: trigger } };
			return (await rest('POST', `/workflows/${workflowId}/run`, body)).executionId ?? null;
		},
		untilStatus: async (id, ...statuses) => {
			let seen = '';
			await until(
				`execution ${id} is ${statuses.join(' or ')}`,
				async () => {
					({ status: seen } = await api('GET', `/executions/${id}`));
					if (statuses.includes(seen)) return true;
					if (!ENDED.includes(seen)) return false;
					const { error } = await read(id);
					throw new Error(`Execution ${id} is ${seen}: ${error?.message} ${error?.description}`);
				},
				WITHIN_MS,
			);
			return await read(id);
		},
		untilEnded: async (workflowId, count) => {
			const ended = await until(`${count} executions of ${workflowId} have ended`, async () => {
				const all = (await executions(workflowId)).filter(({ status }: Json) =>
					ENDED.includes(status),
				);
				return all.length >= count && all;
			});
			return await Promise.all(ended.reverse().map(({ id }: Json) => read(id)));
		},
	};
}

function toExecution({ id, status, mode, data }: Json): Execution {
	const { runData = {}, error } = data?.resultData ?? {};
	return {
		id: String(id),
		status,
		mode,
		error,
		items: (node, output = 0) => runData[node]?.at(-1)?.data?.main?.[output] ?? [],
		runs: (node) => runData[node]?.length ?? 0,
	};
}
