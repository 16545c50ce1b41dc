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

/** A constant, since n8n's lint takes a literal `webhooks` for a trigger's. */
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
 * The daemon's callback: all jobs of the batch have ended. The callback is only the signal; what
 * became of the jobs is asked of the daemon. Nothing may be thrown here: n8n would drop the data of
 * the nodes before and run those after with an empty item.
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
		return tryAgain(this, 'n8n could not ask the daemon about the batch');
	}
}

/** A batch that the daemon no longer knows has ended, with nothing to show for it. */
async function readBatch(context: IWebhookFunctions, { batchId }: Parked): Promise<Batch> {
	try {
		return await getBatch(context, batchId);
	} catch (error) {
		if (hasHttpCode(error, 404)) return { batchId, jobs: [] };
		throw new NodeApiError(context.getNode(), error as JsonObject);
	}
}

/** 503 makes the daemon call again later; the execution stays parked. */
function tryAgain(context: IWebhookFunctions, error: string): IWebhookResponseData {
	context.getResponseObject().status(503).json({ error });
	return { noWebhookResponse: true };
}

function continuesOnFail({ onError, continueOnFail }: INode): boolean {
	return onError === undefined ? continueOnFail === true : onError !== 'stopWorkflow';
}

/**
 * Fails the node, as "Stop Workflow" asks for. `resumeError` is what n8n itself sets when a
 * sub-workflow that was waited for has failed; a webhook has no public way to reach it, so where it
 * cannot be reached (another n8n) the item goes on with its error in it.
 */
function failParkedNode(context: IWebhookFunctions, error: NodeOperationError): void {
	const { runExecutionData } = context as unknown as { runExecutionData?: IRunExecutionData };
	const parkedNode = runExecutionData?.executionData?.nodeExecutionStack?.[0];
	if (parkedNode?.node.id !== context.getNode().id) return;
	parkedNode.metadata = { ...parkedNode.metadata, resumeError: error };
}
