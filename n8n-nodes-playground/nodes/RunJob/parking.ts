import {
	WAIT_INDEFINITELY,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { askForCallback, type Batch } from './batch';
import { toJobItems } from './output-items';
import type { Slot } from './submit-items';

/** What a parked execution needs to go on; kept in its context for this node. */
export interface Parked {
	/** Also in the resume URL, so that the callback of an earlier run resumes nothing. */
	key: string;
	batchId: string;
	slots: Slot[];
}

/**
 * The address that resumes this node in this execution. It holds the execution's token, which
 * lets anyone who has it resume: it goes to the daemon and nowhere else.
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
 * Parks the execution until the daemon calls, or the deadline. A callback that comes before n8n has
 * parked is answered 409 and comes again a second later. At a deadline n8n runs nothing of this
 * node and passes its input on, so the input's items are replaced by ones that tell.
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
	// Errors in form, so that they go to the error output where there is one.
	const error = `The job had not ended after ${deadlineMinutes} minutes; the operation Get tells how it is`;
	const late = toJobItems(slots, batch.jobs, ({ jobId }) => ({
		error,
		details: { jobId, status: 'timeout' },
	}));
	items.splice(0, items.length, ...late);
	await context.putExecutionToWait(new Date(Date.now() + deadlineMinutes * 60_000));
	// A copy: with an error output n8n empties the array it is given.
	return [[...items]];
}

/** Null when the execution is not parked at this node. */
export function readParked(context: IWebhookFunctions): Parked | null {
	const name = JSON.stringify(context.getNode().name);
	const stored = context.evaluateExpression(`{{ $(${name}).context }}`) as { parked?: Parked };
	return stored?.parked ?? null;
}
