import type { IExecuteFunctions } from 'n8n-workflow';
import { callPlayground } from '../../shared/playground-api';
import type { BatchJob } from './batch';

/**
 * Cancels the jobs if someone stops the execution while `act` waits for them, or has stopped it before.
 * n8n tells the node only while it executes: the jobs of a parked execution that is stopped go on.
 */
export async function cancelWhenStopped<T>(
	context: IExecuteFunctions,
	jobs: BatchJob[],
	act: () => Promise<T>,
): Promise<T> {
	const signal = context.getExecutionCancelSignal();
	// In version 1, the jobs go on.
	if (signal === undefined || context.getNode().typeVersion < 2) return await act();
	const onStop = () => void cancelAll(context, jobs);
	if (signal.aborted) {
		await cancelAll(context, jobs);
		signal.throwIfAborted();
	}
	signal.addEventListener('abort', onStop, { once: true });
	try {
		return await act();
	} finally {
		signal.removeEventListener('abort', onStop);
	}
}

async function cancelAll(context: IExecuteFunctions, jobs: BatchJob[]): Promise<void> {
	const open = jobs.filter(({ status }) => status === 'queued' || status === 'running');
	for (const { jobId = '' } of open) {
		const path = `/v1/jobs/${encodeURIComponent(jobId)}/cancel`;
		try {
			await callPlayground(context, { method: 'POST', path });
		} catch (error) {
			// It may have ended.
			context.logger.debug(`Run Job could not cancel ${jobId}: ${(error as Error).message}`);
		}
	}
}
