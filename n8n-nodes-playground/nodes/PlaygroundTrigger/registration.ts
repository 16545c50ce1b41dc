import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type JsonObject,
} from 'n8n-workflow';
import { EVENT_KINDS } from '../../shared/event-kinds';
import { hasHttpCode } from '../../shared/errors';
import { toHeaders, type HeaderEntries } from '../../shared/header-entries';
import { callPlayground, listPlayground } from '../../shared/playground-api';
import { forgetRegistration } from './seen-deliveries';

/** n8n listens for a test event for 10 minutes at most; after this the daemon forgets by itself. */
const TEST_REGISTRATION_MS = 15 * 60_000;

/** What the node keeps between calls, in n8n's static data for it. */
export interface Registration extends IDataObject {
	webhookId?: string;
	secret?: string;
	/** Set while registering is under way, and left when they fail. */
	registering?: boolean;
}

interface Webhook {
	id: string;
	url: string;
	enabled?: boolean;
	on?: string[] | null;
	plugins?: string[] | null;
	jobName?: string | null;
	/** Only in the answer to its creation. */
	secret?: string;
}

interface WebhookRequest extends IDataObject {
	url: string;
	on: string[];
	plugins?: string[];
	jobName?: string;
}

function registrationOf(context: IHookFunctions): Registration {
	return context.getWorkflowStaticData('node') as Registration;
}

function webhookUrl(context: IHookFunctions): string {
	const url = context.getNodeWebhookUrl('default');
	if (url === undefined) {
		throw new NodeOperationError(context.getNode(), 'n8n has no webhook URL for this node');
	}
	return url;
}

function toRequest(context: IHookFunctions): WebhookRequest {
	const node = context.getNode();
	const on = context.getNodeParameter('events') as string[];
	if (on.length === 0) {
		throw new NodeOperationError(node, 'Events is empty: choose at least one kind of event');
	}
	const plugins = context.getNodeParameter('plugins', []) as string[];
	const jobName = context.getNodeParameter('jobName', '') as string;
	const options = context.getNodeParameter('options', {}) as {
		retries?: number;
		headers?: HeaderEntries;
	};
	const isTest = context.getMode() === 'manual';
	return {
		url: webhookUrl(context),
		on,
		...(plugins.length > 0 && { plugins }),
		...(jobName !== '' && { jobName }),
		...(options.retries !== undefined && { retries: options.retries }),
		...(options.headers !== undefined && { headers: toHeaders(options.headers) }),
		...(isTest && { expiresAt: new Date(Date.now() + TEST_REGISTRATION_MS).toISOString() }),
	};
}

async function findByUrl(context: IHookFunctions, url: string): Promise<Webhook[]> {
	const found: Webhook[] = [];
	for await (const webhook of listPlayground<Webhook>(context, '/v1/webhooks')) {
		if (webhook.url === url) found.push(webhook);
	}
	return found;
}

async function remove(context: IHookFunctions, webhookId: string): Promise<void> {
	const path = `/v1/webhooks/${encodeURIComponent(webhookId)}`;
	try {
		await callPlayground(context, { method: 'DELETE', path });
	} catch (error) {
		if (!hasHttpCode(error, 404)) throw new NodeApiError(context.getNode(), error as JsonObject);
	}
	forgetRegistration(webhookId);
}

function isSame(webhook: Webhook, wanted: WebhookRequest): boolean {
	return (
		webhook.enabled !== false &&
		sameSet(webhook.on ?? EVENT_KINDS, wanted.on) &&
		sameSet(webhook.plugins ?? [], wanted.plugins ?? []) &&
		(webhook.jobName ?? '') === (wanted.jobName ?? '')
	);
}

function sameSet(one: string[], other: string[]): boolean {
	return one.length === other.length && one.every((entry) => other.includes(entry));
}

/** Whether the daemon has this node's webhook, as the node wants it, with the secret we hold. */
export async function isRegistered(this: IHookFunctions): Promise<boolean> {
	const registration = registrationOf(this);
	registration.registering = true;
	const wanted = toRequest(this);
	const ours = (await findByUrl(this, wanted.url)).find(({ id }) => id === registration.webhookId);
	if (ours === undefined || !registration.secret || !isSame(ours, wanted)) return false;
	delete registration.registering;
	return true;
}

/**
 * Registers the webhook. What is left under the same URL (an answer that got lost, static data
 * that was restored from a backup) is replaced, since its secret is not known here.
 */
export async function register(this: IHookFunctions): Promise<boolean> {
	const registration = registrationOf(this);
	registration.registering = true;
	const body = toRequest(this);
	for (const { id } of await findByUrl(this, body.url)) await remove(this, id);

	const { body: webhook } = await callPlayground<Webhook>(this, {
		method: 'POST',
		path: '/v1/webhooks',
		body,
	});
	if (!webhook.secret) {
		throw new NodeOperationError(
			this.getNode(),
			'Another registration of the same webhook was under way: publish the workflow again',
		);
	}
	registration.webhookId = webhook.id;
	registration.secret = webhook.secret;
	delete registration.registering;
	return true;
}

/**
 * Removes the webhook; throws when the daemon cannot be asked, so that n8n tries again. Only when
 * n8n is clearing up after a registration that failed, the failure is logged instead: thrown, it
 * would make n8n keep its own entry and never call create() again.
 */
export async function unregister(this: IHookFunctions): Promise<boolean> {
	const registration = registrationOf(this);
	const { webhookId, registering } = registration;
	try {
		const ids =
			webhookId === undefined
				? (await findByUrl(this, webhookUrl(this))).map(({ id }) => id)
				: [webhookId];
		for (const id of ids) await remove(this, id);
	} catch (error) {
		if (!registering) throw new NodeApiError(this.getNode(), error as JsonObject);
		this.logger.warn(
			`Playground Trigger could not remove its webhook after a failed registration; the next publish does: ${(error as Error).message}`,
		);
	}
	for (const key of ['webhookId', 'secret', 'registering']) delete registration[key];
	return true;
}
