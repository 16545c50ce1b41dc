import type { IDataObject } from 'n8n-workflow';
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
	/** Called once, when all the jobs have ended. */
	callbackUrl?: string;
}

/** As often as the daemon repeats at all: a callback that got lost would strand the execution. */
const CALLBACK_RETRIES = 10;
const ANSWER_MARGIN_MS = 30_000;

export async function submitBatch(
	context: PlaygroundContext,
	{ jobs, idempotencyKey, waitSeconds, callbackUrl }: BatchRequest,
): Promise<Batch> {
	const body: IDataObject = {
		jobs,
		...(callbackUrl && { webhook: { url: callbackUrl, retries: CALLBACK_RETRIES } }),
	};
	const { body: batch } = await callPlayground<Batch>(context, {
		method: 'POST',
		path: '/v1/batches',
		body,
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
	const path = `/v1/batches/${encodeURIComponent(batchId)}`;
	return (await callPlayground<Batch>(context, { method: 'GET', path })).body;
}

export function hasEnded({ jobs }: Batch): boolean {
	return jobs.every(({ status }) => status === 'completed' || status === 'failed');
}
