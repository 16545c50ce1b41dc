import {
	WAIT_INDEFINITELY,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import {
	askForCallback,
	hasEnded,
	jobsOf,
	refOf,
	type Batch,
	type BatchJob,
	type BatchRef,
} from './batch';
import { batchKey, createKeys } from './idempotency';
import { toJobItems } from './output-items';
import type { Slot } from './submit-items';

/** What is needed to resume a parked execution. It is kept in its context for this node. */
export interface Parked {
	/** Also in the resume URL. The callback of an earlier run has another key and resumes nothing. */
	key: string;
	batches: BatchRef[];
	slots: Slot[];
}

/** What version 0.1.0 of this package kept, when all items were in one batch. */
interface Parked010 {
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
	batches: Batch[];
	deadlineMinutes: number | undefined;
}

/**
 * Parks the execution until the daemon calls back or the deadline passes. n8n answers 409 to a
 * callback that arrives before it has parked, and the daemon retries a second later. After the
 * deadline n8n passes the node's input on, so the items of the input are replaced by error items.
 */
export async function park(
	context: IExecuteFunctions,
	{ key, slots, batches, deadlineMinutes }: ParkRequest,
): Promise<INodeExecutionData[][]> {
	const parked: Parked = { key, batches: batches.map(refOf), slots };
	context.getContext('node').parked = parked as never;
	const url = resumeUrl(context, key);
	for (const { batchId } of batches) await askForCallback(context, { batchId, url });

	const items = context.getInputData();
	if (!deadlineMinutes) {
		await context.putExecutionToWait(WAIT_INDEFINITELY);
		return [[...items]];
	}
	// They have the form of errors, so that n8n sends them to the error output if there is one.
	const late = toJobItems(slots, jobsOf(batches), ({ jobId }) => ({
		error: lateMessage(deadlineMinutes),
		details: { jobId, status: 'timeout' },
	}));
	items.splice(0, items.length, ...late);
	await context.putExecutionToWait(new Date(Date.now() + deadlineMinutes * 60_000));
	// A copy, because n8n empties the array if the node has an error output.
	return [[...items]];
}

/** Turns jobs that have not ended by the deadline into failures. */
export function toLateJobs(jobs: BatchJob[], deadlineMinutes = 0): BatchJob[] {
	return jobs.map((job) =>
		hasEnded({ batchId: '', jobs: [job] })
			? job
			: { ...job, status: 'timeout', error: lateMessage(deadlineMinutes) },
	);
}

function lateMessage(minutes: number): string {
	return `The job did not end within ${toTime(minutes)}. Use the operation Get to see its status.`;
}

function toTime(minutes: number): string {
	const days = minutes / (24 * 60);
	if (Number.isInteger(days)) return days === 1 ? '1 day' : `${days} days`;
	return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

/**
 * The batches for which this run of the node was parked, or null. A retry of the execution and a run in
 * a loop have other keys, and so has another try after a job of this run has failed.
 */
export function readOwnParked(context: IExecuteFunctions): Parked | null {
	const parked = toParked(context.getContext('node'));
	if (!parked) return null;
	const keyOf = createKeys(context);
	const keys = parked.slots.flatMap((slot, index) => ('error' in slot ? [] : [keyOf(index)]));
	return parked.key === batchKey(keys) ? parked : null;
}

/** Returns null if the execution is not parked at this node. */
export function readParked(context: IWebhookFunctions): Parked | null {
	const name = JSON.stringify(context.getNode().name);
	return toParked(context.evaluateExpression(`{{ $(${name}).context }}`));
}

function toParked(nodeContext: unknown): Parked | null {
	const { parked } = (nodeContext ?? {}) as { parked?: Parked | Parked010 };
	if (parked === undefined) return null;
	if ('batches' in parked) return parked;
	const { key, batchId, slots } = parked;
	const size = slots.filter((slot) => !('error' in slot)).length;
	return { key, batches: [{ batchId, size }], slots };
}
