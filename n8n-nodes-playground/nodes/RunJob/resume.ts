import {
	NodeApiError,
	type INode,
	type IRunExecutionData,
	type IWebhookDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
	type JsonObject,
	type NodeOperationError,
} from 'n8n-workflow';
import { hasHttpCode } from '../../shared/errors';
import { getBatch, hasEnded, type Batch } from './batch';
import { firstFailure, toOutputItems } from './output-items';
import { readParked, type Parked } from './parking';

/** A constant, because n8n's lint treats a node with a literal `webhooks` as a trigger. */
export const resumeWebhooks: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		responseData: '',
		path: '={{ $nodeId }}',
		restartWebhook: true,
		isFullPath: true,
	},
];

/**
 * Handles the daemon's callback, which says that all jobs of the batch have ended. The results come
 * from the daemon's API, not from the callback. This must not throw: n8n would drop the data of the
 * earlier nodes and run the later ones with an empty item.
 */
export async function resume(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const parked = readParked(this);
		const { batch: key } = this.getQueryData() as { batch?: string };
		if (parked === null || key !== parked.key) return { webhookResponse: { resumed: false } };

		const batch = await readBatch(this, parked);
		if (!hasEnded(batch)) return tryAgain(this, 'The batch has not ended');
		const items = await toOutputItems(this, parked.slots, batch.jobs);
		const failure = firstFailure(this.getNode(), items);
		if (failure && !continuesOnFail(this.getNode())) failParkedNode(this, failure);
		return { webhookResponse: { resumed: true }, workflowData: [items] };
	} catch (error) {
		this.logger.warn(`Run Job could not resume: ${(error as Error).message}`);
		return tryAgain(this, 'n8n could not get the batch from the daemon');
	}
}

/** A batch that the daemon no longer has counts as ended, without results. */
async function readBatch(context: IWebhookFunctions, { batchId }: Parked): Promise<Batch> {
	try {
		return await getBatch(context, batchId);
	} catch (error) {
		if (hasHttpCode(error, 404)) return { batchId, jobs: [] };
		throw new NodeApiError(context.getNode(), error as JsonObject);
	}
}

/** On 503 the daemon calls again later. The execution stays parked. */
function tryAgain(context: IWebhookFunctions, error: string): IWebhookResponseData {
	context.getResponseObject().status(503).json({ error });
	return { noWebhookResponse: true };
}

function continuesOnFail({ onError, continueOnFail }: INode): boolean {
	return onError === undefined ? continueOnFail === true : onError !== 'stopWorkflow';
}

/**
 * Fails the node, as "Stop Workflow" requires. n8n itself sets `resumeError` when a sub-workflow has
 * failed, but gives webhooks no public way to set it. In an n8n version without it, the error item
 * goes on to the next node.
 */
function failParkedNode(context: IWebhookFunctions, error: NodeOperationError): void {
	const { runExecutionData } = context as unknown as { runExecutionData?: IRunExecutionData };
	const parkedNode = runExecutionData?.executionData?.nodeExecutionStack?.[0];
	if (parkedNode?.node.id !== context.getNode().id) return;
	parkedNode.metadata = { ...parkedNode.metadata, resumeError: error };
}
