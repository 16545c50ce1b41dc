import type {
	INode,
	INodeExecutionData,
	IRunExecutionData,
	IWebhookDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { getBatch, hasEnded, jobsOf, type Batch } from './batch';
import { findFailures, toOutputItems } from './output-items';
import { readParked } from './parking';
import type { Slot } from './submit-items';

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
 * Handles the daemon's callback, which says that all jobs of a batch have ended. The results come
 * from the daemon's API, not from the callback. This must not throw: n8n would drop the data of the
 * earlier nodes and run the later ones with an empty item.
 */
export async function resume(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const parked = readParked(this);
		const { batch: key } = this.getQueryData() as { batch?: string };
		if (parked === null || key !== parked.key) return { webhookResponse: { resumed: false } };

		const batches: Batch[] = [];
		for (const ref of parked.batches) {
			const batch = await getBatch(this, ref);
			if (!hasEnded(batch)) return wait(this, batch);
			batches.push(batch);
		}
		const { slots } = parked;
		const jobs = jobsOf(batches);
		const fails = findFailures(slots, jobs).length > 0 && mustExecute(this.getNode());
		const again = fails || slots.some(splits) ? executeAgain(this) : null;
		const items = again ?? (await toOutputItems(this, slots, jobs));
		return { webhookResponse: { resumed: true }, workflowData: [items] };
	} catch (error) {
		this.logger.warn(`Run Job could not resume: ${(error as Error).message}`);
		return tryAgain(this, 'n8n could not get the batch from the daemon');
	}
}

/** The execution stays parked. The last batch to end has a callback of its own. */
function wait(context: IWebhookFunctions, { batchId }: Batch): IWebhookResponseData {
	const { batchId: caller } = context.getBodyData() as { batchId?: string };
	return caller === batchId || caller === undefined
		? tryAgain(context, 'The batch has not ended')
		: { webhookResponse: { resumed: false } };
}

/** On 503 the daemon calls again later. The execution stays parked. */
function tryAgain(context: IWebhookFunctions, error: string): IWebhookResponseData {
	context.getResponseObject().status(503).json({ error });
	return { noWebhookResponse: true };
}

/** n8n pairs what webhook() returns with the input by index, so that only execute() can split. */
function splits(slot: Slot): boolean {
	return 'form' in slot && slot.form?.as === 'items';
}

/** Whether a failed job fails the node or makes n8n try it again. Only execute() can do either. */
function mustExecute(node: INode): boolean {
	const { onError, continueOnFail, retryOnFail, typeVersion } = node;
	const continues = onError === undefined ? continueOnFail === true : onError !== 'stopWorkflow';
	return !continues || (typeVersion >= 2 && retryOnFail === true);
}

/**
 * Makes n8n call execute() with the node's input. By default n8n disables a node that is resumed, so
 * that it passes on what webhook() returns. A webhook has no public way to fail its node. In an n8n
 * version in which this does not work, the error items go on to the next node.
 */
function executeAgain(context: IWebhookFunctions): INodeExecutionData[] | null {
	const { runExecutionData } = context as unknown as { runExecutionData?: IRunExecutionData };
	const entry = runExecutionData?.executionData?.nodeExecutionStack?.[0];
	if (entry?.node.id !== context.getNode().id) return null;
	// The input in the entry is replaced by error items if the node has a deadline.
	const [from] = entry.source?.main ?? [];
	const run = from && runExecutionData?.resultData.runData[from.previousNode];
	const sent = run?.[from?.previousNodeRun ?? 0]?.data?.main?.[from?.previousNodeOutput ?? 0];
	const input = sent ?? entry.data.main?.[0];
	if (!input) return null;
	entry.node.disabled = false;
	return input;
}
