import { callPlayground, type PlaygroundContext } from '../../shared/playground-api';
import type { JobRequest } from './job-request';

export interface BatchJob {
	jobId: string;
	status: 'queued' | 'running' | 'completed' | 'failed';
	error?: string | null;
	errorCode?: string | null;
	output?: unknown;
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
	return batch;
}

/** The batch as the daemon has it now, with every job's output. */
export async function getBatch(context: PlaygroundContext, batchId: string): Promise<Batch> {
	return (await callPlayground<Batch>(context, { method: 'GET', path: pathOf(batchId) })).body;
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
