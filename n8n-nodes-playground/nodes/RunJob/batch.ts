import { callPlayground, type PlaygroundContext } from '../../shared/playground-api';
import type { JobRequest } from './job-request';

export interface BatchJob {
	jobId: string;
	status: 'queued' | 'running' | 'completed' | 'failed';
	error?: string | null;
	errorCode?: string | null;
	output?: unknown;
	/** The answer has no room left for this output. */
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
	/** How long the daemon holds its answer back for the jobs to end. */
	waitSeconds: number;
}

/** As often as the daemon repeats at all: a callback that got lost would strand the execution. */
const CALLBACK_RETRIES = 10;
const ANSWER_MARGIN_MS = 30_000;

export async function submitBatch(
	context: PlaygroundContext,
	{ jobs, idempotencyKey, waitSeconds }: BatchRequest,
): Promise<Batch> {
	const { body: batch } = await callPlayground<Batch>(context, {
		method: 'POST',
		path: '/v1/batches',
		body: { jobs },
		headers: {
			'Idempotency-Key': idempotencyKey,
			...(waitSeconds > 0 && { Prefer: `wait=${waitSeconds}` }),
		},
		timeoutMs: waitSeconds * 1000 + ANSWER_MARGIN_MS,
	});
	return withOutputs(context, batch);
}

/** The batch as the daemon has it now, with every job's output. */
export async function getBatch(context: PlaygroundContext, batchId: string): Promise<Batch> {
	const { body } = await callPlayground<Batch>(context, { method: 'GET', path: pathOf(batchId) });
	return withOutputs(context, body);
}

/** Outputs that the batch's answer has no room for are asked for one by one. */
async function withOutputs(context: PlaygroundContext, batch: Batch): Promise<Batch> {
	const jobs: BatchJob[] = [];
	for (const job of batch.jobs) {
		jobs.push(job.truncated ? { ...job, output: await getOutput(context, job) } : job);
	}
	return { ...batch, jobs };
}

async function getOutput(context: PlaygroundContext, { jobId }: BatchJob): Promise<unknown> {
	const path = `/v1/jobs/${encodeURIComponent(jobId)}`;
	return (await callPlayground<{ output: unknown }>(context, { method: 'GET', path })).body.output;
}

/** Has the daemon call `url` once, when all the jobs have ended; at once if they have already. */
export async function askForCallback(
	context: PlaygroundContext,
	{ batchId, url }: { batchId: string; url: string },
): Promise<void> {
	const body = { url, retries: CALLBACK_RETRIES };
	await callPlayground(context, { method: 'PUT', path: `${pathOf(batchId)}/webhook`, body });
}

function pathOf(batchId: string): string {
	return `/v1/batches/${encodeURIComponent(batchId)}`;
}

export function hasEnded({ jobs }: Batch): boolean {
	return jobs.every(({ status }) => status === 'completed' || status === 'failed');
}
