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
import { callPlayground, PROBE } from '../../shared/playground-api';
import { findOwnWebhooks, ownUrl, type Registration, type Webhook } from './own-webhooks';
import { forgetRegistration } from './seen-deliveries';

/** n8n listens for a test event for 10 minutes at most; after this the daemon removes the webhook. */
const TEST_REGISTRATION_MS = 15 * 60_000;

interface WebhookRequest extends IDataObject {
	url: string;
	on: string[];
	plugins?: string[];
	jobName?: string;
	verifyTls?: boolean;
}

function registrationOf(context: IHookFunctions): Registration {
	return context.getWorkflowStaticData('node') as Registration;
}

function toRequest(context: IHookFunctions): WebhookRequest {
	const node = context.getNode();
	const on = context.getNodeParameter('events') as string[];
	if (on.length === 0) {
		throw new NodeOperationError(node, 'Events is empty. Choose at least one kind of event.');
	}
	const plugins = context.getNodeParameter('plugins', []) as string[];
	const jobName = context.getNodeParameter('jobName', '') as string;
	const options = context.getNodeParameter('options', {}) as {
		retries?: number;
		headers?: HeaderEntries;
		allowUnauthorizedCerts?: boolean;
	};
	const isTest = context.getMode() === 'manual';
	return {
		url: ownUrl(context),
		on,
		...(plugins.length > 0 && { plugins }),
		...(jobName !== '' && { jobName }),
		...(options.retries !== undefined && { retries: options.retries }),
		...(options.headers !== undefined && { headers: toHeaders(options.headers) }),
		...(options.allowUnauthorizedCerts === true && { verifyTls: false }),
		...(isTest && { expiresAt: new Date(Date.now() + TEST_REGISTRATION_MS).toISOString() }),
	};
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

/**
 * Makes a webhook active that someone has paused, or that the daemon has paused or switched off because n8n
 * did not take its events. The events of a paused one were kept, and are sent now.
 */
async function resume(context: IHookFunctions, webhookId: string): Promise<void> {
	const path = `/v1/webhooks/${encodeURIComponent(webhookId)}`;
	await callPlayground(context, { method: 'PATCH', path, body: { state: 'active' } });
}

function isSame(webhook: Webhook, wanted: WebhookRequest): boolean {
	return (
		webhook.url === wanted.url &&
		sameSet(webhook.on ?? EVENT_KINDS, wanted.on) &&
		sameSet(webhook.plugins ?? [], wanted.plugins ?? []) &&
		(webhook.jobName ?? '') === (wanted.jobName ?? '') &&
		(webhook.verifyTls ?? true) === (wanted.verifyTls ?? true)
	);
}

function sameSet(one: string[], other: string[]): boolean {
	return one.length === other.length && one.every((entry) => other.includes(entry));
}

/** Whether the daemon has this node's webhook with the same settings, and n8n has its secret. */
export async function isRegistered(this: IHookFunctions): Promise<boolean> {
	const registration = registrationOf(this);
	registration.registering = true;
	const wanted = toRequest(this);
	const own = await findOwnWebhooks(this, registration);
	const known = own.find(({ id }) => id === registration.webhookId);
	if (known === undefined || !registration.secret || !isSame(known, wanted)) return false;
	if (known.enabled === false) await resume(this, known.id);
	delete registration.registering;
	return true;
}

/**
 * Registers the webhook. It replaces what this node registered before, since the secret of that may
 * be lost: when an answer did not arrive, or when static data was restored from a backup.
 */
export async function register(this: IHookFunctions): Promise<boolean> {
	const registration = registrationOf(this);
	registration.registering = true;
	const body = toRequest(this);
	for (const { id } of await findOwnWebhooks(this, registration)) await remove(this, id);

	const { body: webhook } = await callPlayground<Webhook>(this, {
		method: 'POST',
		path: '/v1/webhooks',
		query: PROBE,
		body,
	});
	if (!webhook.secret) {
		throw new NodeOperationError(
			this.getNode(),
			'The same webhook was registered twice at the same time. Publish the workflow again.',
		);
	}
	registration.webhookId = webhook.id;
	registration.secret = webhook.secret;
	delete registration.registering;
	return true;
}

/**
 * Removes the webhook. It throws when the daemon does not answer, so that n8n tries again. After a
 * failed registration it only logs that: if it threw, n8n would keep its own entry and never call
 * create() again.
 */
export async function unregister(this: IHookFunctions): Promise<boolean> {
	const registration = registrationOf(this);
	try {
		for (const { id } of await findOwnWebhooks(this, registration)) await remove(this, id);
	} catch (error) {
		if (!registration.registering) throw new NodeApiError(this.getNode(), error as JsonObject);
		this.logger.warn(
			`Playground Trigger could not remove its webhook after a failed registration. The next publish removes it. ${(error as Error).message}`,
		);
	}
	for (const key of ['webhookId', 'secret', 'registering']) delete registration[key];
	return true;
}
