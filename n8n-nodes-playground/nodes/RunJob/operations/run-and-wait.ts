import {
	NodeApiError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { awaitEnd, deadlineAt } from '../await-end';
import { getBatch, hasEnded, jobsOf, refOf, type Batch, type BatchRef } from '../batch';
import { cancelWhenStopped } from '../cancel-when-stopped';
import { hasWaitingCaller } from '../caller';
import { optionsOf, type RunOptions } from '../job-request';
import { toJobItems } from '../output-items';
import { park, readOwnParked, toLateJobs } from '../parking';
import { settle } from '../settle';
import { submitItems } from '../submit-items';
import { isTool } from '../tool';

const FIRST_WAIT_SECONDS = 5;
/** A week. The daemon keeps trying its callback for two days, and keeps ended jobs for a week. */
const DEFAULT_DEADLINE_MINUTES = 7 * 24 * 60;
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
	const { firstWaitSeconds, ...options } = optionsOf({ context: this, index: 0 });
	const deadlineMinutes = options.deadlineMinutes ?? defaultDeadlineOf(this, options);
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
	const present = await cancelWhenStopped(this, jobsOf(batches), () =>
		readIfEnded(this, batches),
	);
	if (present.every(hasEnded)) return [await settle(this, slots, jobsOf(present))];

	const show = (toJson: (job: Pick<IDataObject, 'jobId' | 'status'>) => IDataObject) =>
		toJobItems(slots, jobsOf(present), ({ jobId, status }) => toJson({ jobId, status }));
	if (asTool) return [show((job) => ({ ...job, message: STILL_RUNNING }))];
	// Version 1 parks, as it always did.
	if (this.getNode().typeVersion >= 2 && hasWaitingCaller(this)) {
		const ended = await cancelWhenStopped(this, jobsOf(present), () =>
			awaitAll(this, present.map(refOf), until),
		);
		return [await settle(this, slots, toLateJobs(jobsOf(ended), deadlineMinutes))];
	}
	try {
		return await park(this, { key, slots, batches: present, deadlineMinutes });
	} catch (error) {
		if (!this.continueOnFail()) throw new NodeApiError(this.getNode(), error as JsonObject);
		return [show((job) => ({ error: (error as Error).message, details: job }))];
	}
}

/**
 * In version 1, an execution waits without end. So it does with Run At: an item's job can be due later
 * than that, also if the first one's is not. And with Retry On Fail, which needs the node's input: a
 * deadline replaces it.
 */
function defaultDeadlineOf(context: IExecuteFunctions, options: RunOptions): number | undefined {
	const { typeVersion, retryOnFail } = context.getNode();
	const isEndless = typeVersion < 2 || retryOnFail === true || 'runAt' in options;
	return isEndless ? undefined : DEFAULT_DEADLINE_MINUTES;
}

/** If the last batch has ended, reads the earlier ones, whose responses did not wait for an end. */
async function readIfEnded(context: IExecuteFunctions, batches: Batch[]): Promise<Batch[]> {
	const last = batches.at(-1);
	const isWhole = jobsOf(batches).every(
		(job) => job.status === 'failed' || (job.status === 'completed' && 'output' in job),
	);
	return isWhole || (last && !hasEnded(last)) ? batches : readAll(context, batches.map(refOf));
}

async function awaitAll(
	context: IExecuteFunctions,
	refs: BatchRef[],
	until: number,
): Promise<Batch[]> {
	const batches: Batch[] = [];
	for (const ref of refs) {
		const read = (seconds: number) => getBatch(context, ref, seconds);
		batches.push(await awaitEnd(context, { read, hasEnded, until }));
	}
	return batches;
}

async function readAll(context: IExecuteFunctions, refs: BatchRef[]): Promise<Batch[]> {
	const batches: Batch[] = [];
	for (const ref of refs) batches.push(await getBatch(context, ref));
	return batches;
}
