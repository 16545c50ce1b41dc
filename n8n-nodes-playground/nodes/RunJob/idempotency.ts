import { createHash, randomUUID } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { isTool } from './tool';

/**
 * How often the job of an item, by index, has ended as failed. Kept in the execution's context for
 * this node: it outlives the tries of "Retry On Fail".
 */
type FailedTries = Record<number, number>;

/**
 * One key per n8n instance, execution, node, run and item, so that a try repeated by "Retry On
 * Fail" meets the jobs of the try before it. Only an item whose job ended as failed gets a new
 * one: to run that again is what the retry is for.
 */
export function createKeys(context: IExecuteFunctions): (itemIndex: number) => string {
	// A language model may call a tool twice within one run, and means two jobs.
	const run = isTool(context) ? randomUUID() : runOf(context);
	const failed = failedTriesOf(context);
	return (itemIndex) => hash([run, itemIndex, failed[itemIndex] ?? 0]);
}

function runOf(context: IExecuteFunctions): string {
	return [
		context.getInstanceId(),
		context.getExecutionId(),
		context.getNode().id,
		// Not as an expression: n8n takes 9 ms of CPU for one.
		context.getWorkflowDataProxy(0).$runIndex,
	].join('\n');
}

function failedTriesOf(context: IExecuteFunctions): FailedTries {
	return (context.getContext('node').failedTries ?? {}) as FailedTries;
}

/** Lets the next try run the item's job anew. */
export function noteFailedTry(context: IExecuteFunctions, itemIndex: number): void {
	if (context.getNode().retryOnFail !== true) return;
	const failed = failedTriesOf(context);
	context.getContext('node').failedTries = {
		...failed,
		[itemIndex]: (failed[itemIndex] ?? 0) + 1,
	};
}

/** The key of a batch: the same jobs, the same batch. */
export function batchKey(jobKeys: string[]): string {
	return hash(jobKeys);
}

function hash(parts: Array<string | number>): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}
