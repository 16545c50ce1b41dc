import {
	WAIT_INDEFINITELY,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import type { Batch } from './batch';
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
export function resumeUrl(context: IExecuteFunctions, key: string): string {
	const url = new URL(context.evaluateExpression('{{ $execution.resumeUrl }}', 0) as string);
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
 * Parks the execution until the daemon calls, or the deadline. At a deadline n8n runs nothing of
 * this node and passes its input on, so the input's items are replaced by ones that tell.
 */
export async function park(
	context: IExecuteFunctions,
	{ key, slots, batch, deadlineMinutes }: ParkRequest,
): Promise<INodeExecutionData[][]> {
	const parked: Parked = { key, batchId: batch.batchId, slots };
	context.getContext('node').parked = parked as never;

	const items = context.getInputData();
	if (!deadlineMinutes) {
		await context.putExecutionToWait(WAIT_INDEFINITELY);
		return [[...items]];
	}
	items.splice(0, items.length, ...toTimeoutItems(slots, batch, deadlineMinutes));
	await context.putExecutionToWait(new Date(Date.now() + deadlineMinutes * 60_000));
	// A copy: with an error output n8n empties the array it is given.
	return [[...items]];
}

/** Errors in form, so that they go to the error output where there is one. */
function toTimeoutItems(slots: Slot[], batch: Batch, minutes: number): INodeExecutionData[] {
	const error = `The job had not ended after ${minutes} minutes; the operation Get tells how it is`;
	let nextJob = 0;
	return slots.map((slot, item) => {
		const pairedItem = { item };
		if ('error' in slot) return { json: { error: slot.error }, pairedItem };
		const jobId = batch.jobs[nextJob++]?.jobId;
		return { json: { error, details: { jobId, status: 'timeout' } }, pairedItem };
	});
}

/** Null when the execution is not parked at this node. */
export function readParked(context: IWebhookFunctions): Parked | null {
	const name = JSON.stringify(context.getNode().name);
	const stored = context.evaluateExpression(`{{ $(${name}).context }}`) as { parked?: Parked };
	return stored?.parked ?? null;
}
