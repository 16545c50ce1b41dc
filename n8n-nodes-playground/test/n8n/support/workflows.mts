import { randomUUID } from 'node:crypto';
import type { Credential, Json, Workflow } from './n8n-client.mts';

export type Node = Json & { name: string };

let column = 0;

function node(name: string, type: string, more: Json): Node {
	return { id: randomUUID(), name, type, typeVersion: 1, position: [220 * column++, 0], ...more };
}

export const START = 'Start';

export const manualTrigger = (): Node =>
	node(START, 'n8n-nodes-base.manualTrigger', { parameters: {} });

export const calledByWorkflow = (): Node =>
	node(START, 'n8n-nodes-base.executeWorkflowTrigger', {
		typeVersion: 1.1,
		parameters: { inputSource: 'passthrough' },
	});

/** Returns what this JavaScript returns. */
export const code = (name: string, jsCode: string): Node =>
	node(name, 'n8n-nodes-base.code', { typeVersion: 2, parameters: { jsCode } });

/** Returns these items. */
export const items = (...all: Json[]): Node =>
	code('Items', `return ${JSON.stringify(all.map((json) => ({ json })))};`);

/** Sets one field of each item from an expression. */
export const field = (name: string, expression: string): Node =>
	node(name, 'n8n-nodes-base.set', {
		typeVersion: 3.4,
		parameters: {
			assignments: {
				assignments: [
					{ id: randomUUID(), name: 'value', value: `={{ ${expression} }}`, type: 'string' },
				],
			},
			options: {},
		},
	});

export const noOp = (name: string): Node => node(name, 'n8n-nodes-base.noOp', { parameters: {} });

export const webhook = (path: string, parameters: Json = {}): Node =>
	node('Webhook', 'n8n-nodes-base.webhook', {
		typeVersion: 2.1,
		webhookId: randomUUID(),
		parameters: { httpMethod: 'POST', path, options: {}, ...parameters },
	});

/** Sends each item, as JSON. */
export const httpRequest = (name: string, url: string): Node =>
	node(name, 'n8n-nodes-base.httpRequest', {
		typeVersion: 4.2,
		parameters: {
			method: 'POST',
			url,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ $json }}',
			options: {},
		},
	});

export const executeWorkflow = (workflowId: string): Node =>
	node('Sub-workflow', 'n8n-nodes-base.executeWorkflow', {
		typeVersion: 1.2,
		parameters: {
			workflowId: { __rl: true, mode: 'id', value: workflowId },
			workflowInputs: { mappingMode: 'defineBelow', value: {} },
			mode: 'once',
			options: { waitForSubWorkflow: true },
		},
	});

export interface RunJobSettings {
	credential: Credential;
	name?: string;
	plugin?: string;
	/** An expression. */
	input?: string;
	/** Plugins after the first, with their options. */
	further?: Array<{ name: string; options: string }>;
	options?: Json;
	/** For Get and Cancel. */
	operation?: string;
	jobId?: string;
	/** The node's settings, such as onError and retryOnFail. */
	settings?: Json;
	/** The version of the node. Workflows of 0.1.0 have 1. */
	typeVersion?: number;
}

export function runJob({ credential, name = 'Run Job', ...more }: RunJobSettings): Node {
	const { operation = 'run', plugin = 'gate', input = '{ url: $json.url }', options = {} } = more;
	const parameters =
		more.jobId === undefined
			? {
					operation,
					plugin: { __rl: true, mode: 'list', value: plugin },
					inputMode: 'json',
					inputJson: `={{ ${input} }}`,
					further: more.further ? { plugin: more.further } : {},
					options,
				}
			: { operation, jobId: more.jobId };
	return node(name, 'n8n-nodes-playground.runJob', {
		typeVersion: more.typeVersion ?? 2,
		parameters,
		credentials: { playgroundApi: credential },
		...more.settings,
	});
}

/** n8n uses the defaults for parameters that are not given. */
export function playgroundTrigger(credential: Credential, parameters: Json = {}): Node {
	return node('Playground Trigger', 'n8n-nodes-playground.playgroundTrigger', {
		typeVersion: 2,
		webhookId: randomUUID(),
		parameters,
		credentials: { playgroundApi: credential },
	});
}

/** A workflow with these nodes in a row. */
export function chain(name: string, ...nodes: Node[]): Workflow {
	const links = nodes
		.slice(0, -1)
		.map((from, index) => link(from.name, nodes[index + 1]?.name ?? ''));
	return {
		name,
		nodes,
		connections: Object.assign({}, ...links),
		settings: { executionOrder: 'v1' },
	};
}

/** Connects the output of a node to these nodes instead of the previous ones. */
export function link(from: string, ...to: string[]): Json {
	return { [from]: { main: [to.map((name) => ({ node: name, type: 'main', index: 0 }))] } };
}
