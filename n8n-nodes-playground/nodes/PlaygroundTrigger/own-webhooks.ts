import { createHash } from 'node:crypto';
import { NodeOperationError, type IDataObject, type IHookFunctions } from 'n8n-workflow';
import { listPlayground } from '../../shared/playground-api';

/** A webhook as the daemon lists it. */
export interface Webhook {
	id: string;
	url: string;
	enabled?: boolean;
	on?: string[] | null;
	plugins?: string[] | null;
	jobName?: string | null;
	/** Older daemons do not send it. */
	verifyTls?: boolean;
	/** Only in the answer to its creation. */
	secret?: string;
}

/** What the node keeps between calls, in n8n's static data for it. */
export interface Registration extends IDataObject {
	webhookId?: string;
	secret?: string;
	/** Set while the node registers, and still set when that has failed. */
	registering?: boolean;
}

/** The query parameter of a webhook's URL that says which trigger registered it. */
const MARK = 'trigger';

/**
 * The same for one node of one workflow in one n8n, whatever the node's name and n8n's address. A
 * copy of the workflow has another mark, also when n8n's static data was copied with it.
 */
function markOf(context: IHookFunctions): string {
	const parts = [context.getInstanceId(), context.getWorkflow().id, context.getNode().id];
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** The URL that this node registers. n8n ignores the mark when it routes a request. */
export function ownUrl(context: IHookFunctions): string {
	const base = context.getNodeWebhookUrl('default');
	if (base === undefined) {
		throw new NodeOperationError(context.getNode(), 'n8n has no webhook URL for this node');
	}
	const url = new URL(base);
	url.searchParams.set(MARK, markOf(context));
	return url.toString();
}

/**
 * The webhooks that this node registered at its present address, and the one that it last
 * registered, which may be at an earlier address of n8n. The test listener has an address and static
 * data of its own, so neither finds the other's.
 */
export async function findOwnWebhooks(
	context: IHookFunctions,
	{ webhookId }: Registration,
): Promise<Webhook[]> {
	const url = ownUrl(context);
	const mark = markOf(context);
	const own: Webhook[] = [];
	for await (const webhook of listPlayground<Webhook>(context, '/v1/webhooks')) {
		const isMarked = readMark(webhook.url) === mark;
		if (isMarked && (webhook.url === url || webhook.id === webhookId)) own.push(webhook);
	}
	return own;
}

function readMark(url: string): string | null {
	return URL.canParse(url) ? new URL(url).searchParams.get(MARK) : null;
}
