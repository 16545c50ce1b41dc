import {
	NodeApiError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { getBatch, hasEnded, jobsOf, refOf, type Batch, type BatchRef } from '../batch';
import { noteFailedTry } from '../idempotency';
import { optionsOf } from '../job-request';
import { firstFailure, toJobItems, toOutputItems } from '../output-items';
import { park, readOwnParked } from '../parking';
import { submitItems, type Slot } from '../submit-items';
import { isTool } from '../tool';

const FIRST_WAIT_SECONDS = 5;
const TOOL_WAIT_SECONDS = 60;
/** The message for an agent when the job takes longer than that. */
const STILL_RUNNING =
	'The job is still running. Use the operation Get with this jobId to get its result later.';

/**
 * Submits all items. Short jobs end within the first wait, which takes one request and
 * no callback. Otherwise the execution parks until the daemon calls back for each batch
 * (see resume.ts). A tool does not park, because the agent waits for it within the execution. If a
 * job has failed while the execution was parked, n8n calls this again to fail the node.
 */
export async function runAndWait(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { deadlineMinutes, firstWaitSeconds } = optionsOf({ context: this, index: 0 });
	const asTool = isTool(this);
	const parked = asTool ? null : readOwnParked(this);
	if (parked) {
		return [await settle(this, parked.slots, await readAll(this, parked.batches), 'parked')];
	}
	const { slots, key, batches } = await submitItems(this, {
		waitSeconds: firstWaitSeconds ?? (asTool ? TOOL_WAIT_SECONDS : FIRST_WAIT_SECONDS),
	});
	const last = batches.at(-1);
	if (!last || hasEnded(last)) {
		// The first of several batches were read before their jobs could end.
		const present = isWhole(batches) ? batches : await readAll(this, batches.map(refOf));
		if (present.every(hasEnded)) return [await settle(this, slots, present)];
	}
	if (asTool) {
		return [
			toJobItems(slots, jobsOf(batches), ({ jobId, status }) => ({
				jobId,
				status,
				message: STILL_RUNNING,
			})),
		];
	}
	try {
		return await park(this, { key, slots, batches, deadlineMinutes });
	} catch (error) {
		if (!this.continueOnFail()) throw new NodeApiError(this.getNode(), error as JsonObject);
		const { message } = error as Error;
		return [
			toJobItems(slots, jobsOf(batches), ({ jobId, status }) => ({
				error: message,
				details: { jobId, status },
			})),
		];
	}
}

/** Whether every job has ended and its output is known. */
function isWhole(batches: Batch[]): boolean {
	return jobsOf(batches).every(
		(job) => job.status === 'failed' || (job.status === 'completed' && 'output' in job),
	);
}

async function readAll(context: IExecuteFunctions, refs: BatchRef[]): Promise<Batch[]> {
	const batches: Batch[] = [];
	for (const ref of refs) batches.push(await getBatch(context, ref));
	return batches;
}

async function settle(
	context: IExecuteFunctions,
	slots: Slot[],
	batches: Batch[],
	when?: 'parked',
): Promise<INodeExecutionData[]> {
	const items = await toOutputItems(context, slots, jobsOf(batches));
	// In version 1, jobs that failed after parking do not run again under "Retry On Fail".
	if (when !== 'parked' || context.getNode().typeVersion >= 2) {
		for (const [index, { json }] of items.entries()) {
			if ('error' in json) noteFailedTry(context, index);
		}
	}
	const failure = firstFailure(context.getNode(), items);
	if (failure && !context.continueOnFail()) throw failure;
	return items;
}
