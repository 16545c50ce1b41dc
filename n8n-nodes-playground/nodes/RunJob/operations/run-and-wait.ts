import {
	NodeApiError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { awaitEnd, deadlineAt } from '../await-end';
import { getBatch, hasEnded, jobsOf, refOf, type Batch, type BatchRef } from '../batch';
import { hasWaitingCaller } from '../caller';
import { optionsOf } from '../job-request';
import { toJobItems } from '../output-items';
import { park, readOwnParked, toLateJobs } from '../parking';
import { settle } from '../settle';
import { submitItems } from '../submit-items';
import { isTool } from '../tool';

const FIRST_WAIT_SECONDS = 5;
const TOOL_WAIT_SECONDS = 60;
/** The message for an agent when the job takes longer than that. */
const STILL_RUNNING =
	'The job is still running. Use the operation Get with this jobId to get its result later.';

/**
 * Submits all items. Short jobs end within the first wait, which takes one request and no callback.
 * Otherwise the execution parks until the daemon has called back for each batch (see resume.ts). It
 * does not park as a tool, because the agent waits within the execution, or if a caller waits. If a
 * job has failed while the execution was parked, n8n calls this again to fail the node.
 */
export async function runAndWait(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { deadlineMinutes, firstWaitSeconds } = optionsOf({ context: this, index: 0 });
	const until = deadlineAt(deadlineMinutes);
	const asTool = isTool(this);
	const parked = asTool ? null : readOwnParked(this);
	if (parked) {
		const ended = await readAll(this, parked.batches);
		// Jobs still run if the try before this one could not park.
		if (ended.every(hasEnded)) return [await settle(this, parked.slots, jobsOf(ended), 'parked')];
	}
	const { slots, key, batches } = await submitItems(this, {
		waitSeconds: firstWaitSeconds ?? (asTool ? TOOL_WAIT_SECONDS : FIRST_WAIT_SECONDS),
	});
	const present = await readIfEnded(this, batches);
	if (present.every(hasEnded)) return [await settle(this, slots, jobsOf(present))];

	const show = (toJson: (job: Pick<IDataObject, 'jobId' | 'status'>) => IDataObject) =>
		toJobItems(slots, jobsOf(present), ({ jobId, status }) => toJson({ jobId, status }));
	if (asTool) return [show((job) => ({ ...job, message: STILL_RUNNING }))];
	// Version 1 parks, as it always did.
	if (this.getNode().typeVersion >= 2 && hasWaitingCaller(this)) {
		const ended: Batch[] = [];
		for (const ref of present.map(refOf)) {
			const read = (seconds: number) => getBatch(this, ref, seconds);
			ended.push(await awaitEnd(this, { read, hasEnded, until }));
		}
		return [await settle(this, slots, toLateJobs(jobsOf(ended), deadlineMinutes))];
	}
	try {
		return await park(this, { key, slots, batches: present, deadlineMinutes });
	} catch (error) {
		if (!this.continueOnFail()) throw new NodeApiError(this.getNode(), error as JsonObject);
		return [show((job) => ({ error: (error as Error).message, details: job }))];
	}
}

/** If the last batch has ended, reads the earlier ones, whose responses did not wait for an end. */
async function readIfEnded(context: IExecuteFunctions, batches: Batch[]): Promise<Batch[]> {
	const last = batches.at(-1);
	const isWhole = jobsOf(batches).every(
		(job) => job.status === 'failed' || (job.status === 'completed' && 'output' in job),
	);
	return isWhole || (last && !hasEnded(last)) ? batches : readAll(context, batches.map(refOf));
}

async function readAll(context: IExecuteFunctions, refs: BatchRef[]): Promise<Batch[]> {
	const batches: Batch[] = [];
	for (const ref of refs) batches.push(await getBatch(context, ref));
	return batches;
}
