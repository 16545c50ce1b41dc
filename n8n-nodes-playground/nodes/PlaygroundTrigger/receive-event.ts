import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { findSignatureFault } from '../../shared/verify-signature';
import type { Registration } from './own-webhooks';
import { forgetDelivery, isSeenBefore } from './seen-deliveries';
import { isWanted } from './wanted-events';

/** Added to Express's request by n8n. */
interface RawRequest {
	rawBody?: Buffer;
	readRawBody?(): Promise<void>;
}

/** Starts the workflow with the event if the daemon sent it and the trigger has not seen it before. */
export async function receiveEvent(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	const { webhookId, secret } = this.getWorkflowStaticData('node') as Registration;
	if (!webhookId || !secret) {
		// n8n saves the secret a moment after the daemon made it. On 503 the daemon sends the event again.
		this.logger.warn('Playground Trigger refused an event: it has no secret to check it with');
		return answer(this, 503, 'This trigger has no secret. Publish its workflow again.');
	}

	const body = await readBody(this);
	const deliveryId = header(this, 'webhook-id');
	const fault = findSignatureFault(
		{
			id: deliveryId,
			timestamp: header(this, 'webhook-timestamp'),
			signature: header(this, 'webhook-signature'),
			body,
		},
		{ secret, nowMs: Date.now() },
	);
	if (fault !== null) {
		this.logger.warn(`Playground Trigger refused an event: ${fault}`);
		return answer(this, 401, fault);
	}

	const event = parseEvent(body);
	if (event === null) return answer(this, 400, 'The body must be a JSON object');
	if (!isWanted(this, event)) return { webhookResponse: { received: true, started: false } };
	const delivery = { webhookId, deliveryId: deliveryId as string };
	if (isSeenBefore(delivery)) return { webhookResponse: { received: true, duplicate: true } };
	// n8n answers after it has started the workflow, with a 5xx status if that failed.
	const response = this.getResponseObject();
	response.once('finish', () => {
		if (response.statusCode >= 500) forgetDelivery(delivery);
	});
	return { webhookResponse: { received: true }, workflowData: [[{ json: event }]] };
}

function header(context: IWebhookFunctions, name: string): string | undefined {
	const value = context.getHeaderData()[name];
	return typeof value === 'string' ? value : undefined;
}

async function readBody(context: IWebhookFunctions): Promise<Buffer> {
	const request = context.getRequestObject() as unknown as RawRequest;
	if (request.rawBody === undefined) await request.readRawBody?.();
	return request.rawBody ?? Buffer.alloc(0);
}

function parseEvent(body: Buffer): IDataObject | null {
	try {
		const event: unknown = JSON.parse(body.toString('utf8'));
		return typeof event === 'object' && event !== null && !Array.isArray(event)
			? (event as IDataObject)
			: null;
	} catch {
		return null;
	}
}

function answer(context: IWebhookFunctions, status: number, error: string): IWebhookResponseData {
	context.getResponseObject().status(status).json({ error });
	return { noWebhookResponse: true };
}
