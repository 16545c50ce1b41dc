import {
	NodeApiError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { getBatch, hasEnded, type Batch } from '../batch';
import { noteFailedTry } from '../idempotency';
import { optionsOf } from '../job-request';
import { firstFailure, toJobItems, toOutputItems } from '../output-items';
import { park } from '../parking';
import { submitItems, type Slot } from '../submit-items';
import { isTool } from '../tool';

const FIRST_WAIT_SECONDS = 5;
const TOOL_WAIT_SECONDS = 60;
/** The message for an agent when the job takes longer than that. */
const STILL_RUNNING =
	'The job is still running. Use the operation Get with this jobId to get its result later.';

/**
 * Submits all items as one batch. Short jobs end within the first wait, which takes one request and
 * no callback. Otherwise the execution parks until the daemon calls back once for the whole batch
 * (see resume.ts). A tool does not park, because the agent waits for it within the execution.
 */
export async function runAndWait(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { deadlineMinutes, firstWaitSeconds } = optionsOf({ context: this, index: 0 });
	const asTool = isTool(this);
	const { slots, key, batch } = await submitItems(this, {
		waitSeconds: firstWaitSeconds ?? (asTool ? TOOL_WAIT_SECONDS : FIRST_WAIT_SECONDS),
	});
	if (batch === null) return [await toOutputItems(this, slots, [])];
	if (hasEnded(batch)) return [await settle(this, slots, batch)];
	if (asTool) {
		return [
			toJobItems(slots, batch.jobs, ({ jobId, status }) => ({
				jobId,
				status,
				message: STILL_RUNNING,
			})),
		];
	}
	try {
		return await park(this, { key, slots, batch, deadlineMinutes });
	} catch (error) {
		if (!this.continueOnFail()) throw new NodeApiError(this.getNode(), error as JsonObject);
		const { message } = error as Error;
		return [
			toJobItems(slots, batch.jobs, ({ jobId, status }) => ({
				error: message,
				details: { jobId, status },
			})),
		];
	}
}

async function settle(
	context: IExecuteFunctions,
	slots: Slot[],
	batch: Batch,
): Promise<INodeExecutionData[]> {
	const isWhole = batch.jobs.every((job) => job.status === 'failed' || 'output' in job);
	const { jobs } = isWhole ? batch : await getBatch(context, batch.batchId);
	const items = await toOutputItems(context, slots, jobs);
	for (const [index, { json }] of items.entries()) {
		if ('error' in json) noteFailedTry(context, index);
	}
	const failure = firstFailure(context.getNode(), items);
	if (failure && !context.continueOnFail()) throw failure;
	return items;
}
