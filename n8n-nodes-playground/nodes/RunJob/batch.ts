import { hasHttpCode, toNodeError } from '../../shared/errors';
import { callPlayground, PROBE, type PlaygroundContext } from '../../shared/playground-api';
import type { JobRequest } from './job-request';

export interface BatchJob {
	/** Missing if the daemon no longer has the job. */
	jobId?: string;
	status: 'queued' | 'running' | 'completed' | 'failed' | 'timeout';
	error?: string | null;
	errorCode?: string | null;
	output?: unknown;
	/** Set when the output is missing because the response would be too large with it. */
	truncated?: boolean;
}

export interface Batch {
	batchId: string;
	/** In the order of the request. */
	jobs: BatchJob[];
}

export interface BatchRequest {
	jobs: JobRequest[];
	idempotencyKey: string;
	/** How long the daemon waits for the jobs to end before it responds. */
	waitSeconds: number;
}

/** The most that the daemon allows. Without its callback, the execution would wait forever. */
const CALLBACK_RETRIES = 10;
const ANSWER_MARGIN_MS = 30_000;

const GONE: BatchJob = { status: 'failed', error: 'Playground no longer has this job' };

export async function submitBatch(
	context: PlaygroundContext,
	{ jobs, idempotencyKey, waitSeconds }: BatchRequest,
): Promise<Batch> {
	const { body: batch } = await callPlayground<Batch>(context, {
		method: 'POST',
		path: '/v1/batches',
		body: { jobs },
		...waitFor(waitSeconds, { 'Idempotency-Key': idempotencyKey }),
	});
	return withOutputs(context, batch);
}

/** What is needed to read a batch again. */
export interface BatchRef {
	batchId: string;
	/** The number of its jobs. */
	size: number;
}

export function refOf({ batchId, jobs }: Batch): BatchRef {
	return { batchId, size: jobs.length };
}

/**
 * The present state of the batch, with every job's output. If the daemon no longer has it, its jobs
 * have failed.
 */
export async function getBatch(
	context: PlaygroundContext,
	{ batchId, size }: BatchRef,
	waitSeconds = 0,
): Promise<Batch & { waited?: boolean }> {
	try {
		const { body, waited } = await callPlayground<Batch>(context, {
			method: 'GET',
			path: pathOf(batchId),
			...waitFor(waitSeconds),
		});
		return { ...(await withOutputs(context, body)), waited };
	} catch (error) {
		if (!hasHttpCode(error, 404)) throw toNodeError(context.getNode(), error);
		return { batchId, jobs: Array.from({ length: size }, () => GONE) };
	}
}

/** Fetches the outputs that were too large for the batch's response, one by one. */
async function withOutputs(context: PlaygroundContext, batch: Batch): Promise<Batch> {
	const jobs: BatchJob[] = [];
	for (const job of batch.jobs) {
		jobs.push(job.truncated ? { ...job, output: await getOutput(context, job) } : job);
	}
	return { ...batch, jobs };
}

async function getOutput(context: PlaygroundContext, { jobId = '' }: BatchJob): Promise<unknown> {
	const path = `/v1/jobs/${encodeURIComponent(jobId)}`;
	return (await callPlayground<{ output: unknown }>(context, { method: 'GET', path })).body.output;
}

/**
 * Tells the daemon to call `url` once when all jobs have ended, or at once if they have already. Throws
 * if the daemon cannot reach n8n there: the execution would wait until its deadline.
 */
export async function askForCallback(
	context: PlaygroundContext,
	{ batchId, url }: { batchId: string; url: string },
): Promise<void> {
	const body = { url, retries: CALLBACK_RETRIES };
	await callPlayground(context, {
		method: 'PUT',
		path: `${pathOf(batchId)}/webhook`,
		query: PROBE,
		body,
	});
}

/** Makes the daemon delay its response until the jobs have ended, for at most this time. */
export function waitFor(seconds: number, headers: Record<string, string> = {}) {
	return {
		headers: { ...headers, ...(seconds > 0 && { Prefer: `wait=${seconds}` }) },
		timeoutMs: seconds * 1000 + ANSWER_MARGIN_MS,
	};
}

function pathOf(batchId: string): string {
	return `/v1/batches/${encodeURIComponent(batchId)}`;
}

/** The jobs of all batches, in the order of the items. */
export function jobsOf(batches: Batch[]): BatchJob[] {
	return batches.flatMap(({ jobs }) => jobs);
}

export function hasEnded({ jobs }: Batch): boolean {
	return jobs.every(({ status }) => status === 'completed' || status === 'failed');
}
