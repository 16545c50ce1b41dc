import { hasHttpCode, issuesOf } from '../../shared/errors';

/** The daemon's defaults for PLAYGROUND_MAX_BATCH_JOBS and PLAYGROUND_BODY_LIMIT. */
const MAX_JOBS = 1000;
const MAX_BYTES = 16 * 1024 * 1024;
/** The JSON around the jobs, at most. */
const OVERHEAD_BYTES = 1024;

/** Splits jobs into batches below the limits. A job that is too large alone has its own batch. */
export function splitBySize<T>(jobs: T[], toRequest: (job: T) => object): T[][] {
	const parts: T[][] = [];
	let bytes = Infinity;
	for (const job of jobs) {
		const size = Buffer.byteLength(JSON.stringify(toRequest(job))) + 1;
		const part = parts.at(-1);
		if (part && part.length < MAX_JOBS && bytes + size <= MAX_BYTES) {
			part.push(job);
			bytes += size;
		} else {
			parts.push([job]);
			bytes = OVERHEAD_BYTES + size;
		}
	}
	return parts;
}

/** Whether the daemon refused a batch for its size, because its limits are lower than the defaults. */
export function isTooLarge(error: unknown): boolean {
	return hasHttpCode(error, 413) || issuesOf(error).some(({ path }) => path === '/jobs');
}
