import type { Daemon, DaemonAnswer, ReceivedRequest } from './daemon.mts';
import { problem } from './daemon.mts';

export interface PlayedJob {
	jobId: string;
	status: string;
	error: string | null;
	errorCode: string | null;
	output: unknown;
	truncated?: boolean;
}

export interface PlayedBatch {
	batchId: string;
	request: { jobs: any[] };
	webhook: { url: string; retries: number } | null;
	jobs: PlayedJob[];
}

/** Returns the outcome of a job, or null while it runs. */
type Run = (job: any, index: number) => Partial<PlayedJob> | null;

/**
 * Serves batches. A job or batch that is sent again with its idempotency key runs once. `run` gives
 * the outcome of each job at the time of the response.
 */
export function serveBatches(daemon: Daemon, run: Run = () => ({ output: {} })) {
	const batches: PlayedBatch[] = [];
	const byKey = new Map<unknown, PlayedBatch>();
	const jobsByKey = new Map<string, PlayedJob>();
	const jobs: PlayedJob[] = [];

	function submit(request: any, index: number): PlayedJob {
		const known = jobsByKey.get(request.idempotencyKey);
		if (known) return known;
		const outcome = run(request, index);
		const job: PlayedJob = {
			jobId: `job_${jobs.length + 1}`,
			status: outcome === null ? 'running' : outcome.error ? 'failed' : 'completed',
			error: null,
			errorCode: null,
			output: null,
			...outcome,
		};
		jobs.push(job);
		jobsByKey.set(request.idempotencyKey, job);
		return job;
	}

	function show(batch: PlayedBatch): DaemonAnswer {
		const ended = batch.jobs.every(({ status }) => status !== 'running');
		const seen = ended ? batch.jobs : batch.jobs.map(({ jobId, status }) => ({ jobId, status }));
		return { status: ended ? 200 : 202, body: { batchId: batch.batchId, jobs: seen } };
	}

	function serve({ body, headers }: ReceivedRequest): DaemonAnswer {
		const key = headers['idempotency-key'];
		const known = byKey.get(key);
		if (known) return show(known);
		const batch: PlayedBatch = {
			batchId: `batch_${batches.length + 1}`,
			request: body,
			webhook: null,
			jobs: body.jobs.map(submit),
		};
		batches.push(batch);
		byKey.set(key, batch);
		return show(batch);
	}

	daemon.on('POST /v1/batches', serve);
	daemon.on('GET /v1/batches/:id', ({ path }) => {
		const batch = batches.find(({ batchId }) => path.endsWith(batchId));
		return batch
			? { status: 200, body: { batchId: batch.batchId, jobs: batch.jobs } }
			: problem(404, 'BATCH_NOT_FOUND', 'No batch has this id.');
	});

	daemon.on('PUT /v1/batches/:id/webhook', ({ path, body }) => {
		const batch = batches.find(({ batchId }) => path.includes(`/${batchId}/`));
		if (!batch) return problem(404, 'BATCH_NOT_FOUND', 'No batch has this id.');
		batch.webhook = body;
		return { status: 200, body: { batchId: batch.batchId, jobs: batch.jobs } };
	});

	return {
		serve,
		batches,
		jobs,
		/** Ends a running job. */
		end: (index: number, outcome: Partial<PlayedJob>) =>
			Object.assign(jobs[index] as PlayedJob, { status: 'completed' }, outcome),
	};
}
