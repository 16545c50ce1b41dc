import { createHash, randomUUID } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { isTool } from './tool';

/**
 * How often the job of each item has failed, by the item's index. It is kept in the execution's
 * context for this node, which is the same for all tries of "Retry On Fail".
 */
type FailedTries = Record<number, number>;

/**
 * One key per n8n instance, execution, node, run and item. With the same key, "Retry On Fail" gets
 * the job of the try before it. Only an item whose job failed gets a new key, so that it runs again.
 */
export function createKeys(context: IExecuteFunctions): (itemIndex: number) => string {
	// A language model may call a tool twice within one run. Each call is a job of its own.
	const run = isTool(context) ? randomUUID() : runKey(context);
	const failed = failedTriesOf(context);
	return (itemIndex) => hash([run, itemIndex, failed[itemIndex] ?? 0]);
}

/** One per n8n instance, execution, node and run. */
export function runKey(context: IExecuteFunctions): string {
	return [
		context.getInstanceId(),
		context.getExecutionId(),
		context.getNode().id,
		// Not as an expression, which takes n8n 9 ms of CPU.
		context.getWorkflowDataProxy(0).$runIndex,
	].join('\n');
}

function failedTriesOf(context: IExecuteFunctions): FailedTries {
	return (context.getContext('node').failedTries ?? {}) as FailedTries;
}

/** Makes the next try run the item's job again. */
export function noteFailedTry(context: IExecuteFunctions, itemIndex: number): void {
	if (context.getNode().retryOnFail !== true) return;
	const failed = failedTriesOf(context);
	context.getContext('node').failedTries = {
		...failed,
		[itemIndex]: (failed[itemIndex] ?? 0) + 1,
	};
}

/** The key of a batch. The same jobs give the same key. */
export function batchKey(jobKeys: string[]): string {
	return hash(jobKeys);
}

function hash(parts: Array<string | number>): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}
