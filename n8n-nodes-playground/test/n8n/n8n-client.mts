import { setTimeout as sleep } from 'node:timers/promises';

const OWNER = {
	email: 'owner@playground.test',
	firstName: 'Play',
	lastName: 'Ground',
	password: 'A-password-4-tests',
};

export interface Json {
	[key: string]: any;
}

export interface WorkflowJson {
	name: string;
	nodes: Json[];
	connections: Json;
	settings?: Json;
}

export interface PublicationStatus {
	status: 'published' | 'failed' | 'partial' | 'not_published' | 'pending';
	[key: string]: any;
}

const SETTLED = ['published', 'failed', 'partial', 'not_published'];

/** Drives n8n as its editor and its public API do. */
export interface N8nClient {
	/** As the editor does it: `/rest/...`, with the owner's session. */
	rest(method: string, path: string, body?: unknown): Promise<any>;
	/** Every node type that the editor offers, as n8n describes it. */
	nodeTypes(): Promise<Json[]>;
	/** The public API: `/api/v1/...`, with the owner's key. */
	api(method: string, path: string, body?: unknown): Promise<any>;
	createCredential(data: Json): Promise<{ id: string; name: string }>;
	testCredential(data: Json): Promise<{ status: string; message: string }>;
	/** Resolves to the workflow's id. */
	createWorkflow(workflow: WorkflowJson): Promise<string>;
	/** Asks n8n to publish, and waits until it has settled on a status. */
	publish(workflowId: string): Promise<PublicationStatus>;
	unpublish(workflowId: string): Promise<PublicationStatus>;
	/** As the button in the editor; resolves to the execution's id, or null when it waits for an event. */
	runManually(workflowId: string, trigger: string): Promise<string | null>;
	executions(workflowId: string): Promise<Json[]>;
	execution(id: string): Promise<Json>;
	/** Waits until the execution has a status among these. */
	until(id: string, statuses: string[], withinMs?: number): Promise<Json>;
}

interface Session {
	cookie: string;
	apiKey: string;
}

/** The first call sets up the owner; later ones (after a restart, say) log in. */
export async function connectToN8n(baseUrl: string): Promise<N8nClient> {
	const session: Session = { cookie: '', apiKey: '' };

	async function send(method: string, path: string, body: unknown): Promise<any> {
		const response = await fetch(baseUrl + path, {
			method,
			headers: {
				'content-type': 'application/json',
				'browser-id': 'playground-tests',
				cookie: session.cookie,
				'x-n8n-api-key': session.apiKey,
			},
			body: body === undefined ? undefined : JSON.stringify(body),
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

	const { showSetupOnFirstLoad } = (await rest('GET', '/settings')).userManagement;
	if (showSetupOnFirstLoad) await rest('POST', '/owner/setup', OWNER);
	const login = { emailOrLdapLoginId: OWNER.email, password: OWNER.password };
	await rest('POST', '/login', login);
	const scopes = await rest('GET', '/api-keys/scopes');
	const key = { label: `tests ${Date.now()}`, expiresAt: null, scopes };
	session.apiKey = (await rest('POST', '/api-keys', key)).rawApiKey;

	async function settled(workflowId: string, wanted: string): Promise<PublicationStatus> {
		const deadline = Date.now() + 60_000;
		for (;;) {
			const status = await rest('GET', `/workflows/${workflowId}/publication-status`);
			const hasSettled = SETTLED.includes(status.status);
			if (hasSettled && (status.status === wanted || status.status === 'failed')) return status;
			if (Date.now() > deadline) return status;
			await sleep(200);
		}
	}

	async function execution(id: string): Promise<Json> {
		return await api('GET', `/executions/${id}?includeData=true`);
	}

	return {
		rest,
		nodeTypes: () => send('GET', '/types/nodes.json', undefined),
		api,
		createCredential: (data) =>
			rest('POST', '/credentials', { name: 'Playground', type: 'playgroundApi', data }),
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
		executions: async (workflowId) =>
			(await api('GET', `/executions?workflowId=${workflowId}&limit=250`)).data,
		execution,
		until: async (id, statuses, withinMs = 60_000) => {
			const deadline = Date.now() + withinMs;
			for (;;) {
				const seen = await execution(id);
				if (statuses.includes(seen.status)) return seen;
				if (Date.now() > deadline) {
					throw new Error(
						`Execution ${id} is ${seen.status}, not ${statuses.join(' or ')}, after ${withinMs} ms: ${JSON.stringify(seen.data?.resultData?.error?.message)}`,
					);
				}
				await sleep(100);
			}
		},
	};
}
