import {
	WAIT_INDEFINITELY,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { askForCallback, type Batch } from './batch';
import { toJobItems } from './output-items';
import type { Slot } from './submit-items';

/** What is needed to resume a parked execution. It is kept in its context for this node. */
export interface Parked {
	/** Also in the resume URL. The callback of an earlier run has another key and resumes nothing. */
	key: string;
	batchId: string;
	slots: Slot[];
}

/**
 * The URL that resumes this node in this execution. It includes the execution's token, with which
 * anyone can resume the execution. Give it only to the daemon.
 */
function resumeUrl(context: IExecuteFunctions, key: string): string {
	const { resumeUrl: base } = context.getWorkflowDataProxy(0).$execution as { resumeUrl: string };
	const url = new URL(base);
	url.pathname += `/${encodeURIComponent(context.getNode().id)}`;
	url.searchParams.set('batch', key);
	return url.toString();
}

interface ParkRequest {
	key: string;
	slots: Slot[];
	batch: Batch;
	deadlineMinutes: number | undefined;
}

/**
 * Parks the execution until the daemon calls back or the deadline passes. n8n answers 409 to a
 * callback that arrives before it has parked, and the daemon retries a second later. After the
 * deadline n8n passes the node's input on, so the items of the input are replaced by error items.
 */
export async function park(
	context: IExecuteFunctions,
	{ key, slots, batch, deadlineMinutes }: ParkRequest,
): Promise<INodeExecutionData[][]> {
	const { batchId } = batch;
	const parked: Parked = { key, batchId, slots };
	context.getContext('node').parked = parked as never;
	await askForCallback(context, { batchId, url: resumeUrl(context, key) });

	const items = context.getInputData();
	if (!deadlineMinutes) {
		await context.putExecutionToWait(WAIT_INDEFINITELY);
		return [[...items]];
	}
	// They have the form of errors, so that n8n sends them to the error output if there is one.
	const error = `The job did not end within ${deadlineMinutes} minutes. Use the operation Get to see its status.`;
	const late = toJobItems(slots, batch.jobs, ({ jobId }) => ({
		error,
		details: { jobId, status: 'timeout' },
	}));
	items.splice(0, items.length, ...late);
	await context.putExecutionToWait(new Date(Date.now() + deadlineMinutes * 60_000));
	// A copy, because n8n empties the array if the node has an error output.
	return [[...items]];
}

/** Returns null if the execution is not parked at this node. */
export function readParked(context: IWebhookFunctions): Parked | null {
	const name = JSON.stringify(context.getNode().name);
	const stored = context.evaluateExpression(`{{ $(${name}).context }}`) as { parked?: Parked };
	return stored?.parked ?? null;
}
