import { NodeOperationError, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { toNodeError } from '../../../shared/errors';
import { callPlayground } from '../../../shared/playground-api';
import { awaitEnd, deadlineAt } from '../await-end';
import { hasEnded, waitFor, type BatchJob } from '../batch';
import { formOf, optionsOf } from '../job-request';
import { toLateJobs } from '../parking';
import { settle } from '../settle';
import type { Slot } from '../submit-items';
import { isTool } from '../tool';
import { readJobId } from './by-job-id';

/** An agent waits within the execution. */
const TOOL_MINUTES = 1;

/**
 * Waits for jobs that exist, and returns their outputs like Run and Wait. It waits within the
 * execution: the daemon has no callback for jobs of several requests.
 */
export async function wait(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const options = optionsOf({ context: this, index: 0 });
	const deadlineMinutes = options.deadlineMinutes || (isTool(this) ? TOOL_MINUTES : undefined);
	const until = deadlineAt(deadlineMinutes);
	const slots: Slot[] = [];
	const jobs: BatchJob[] = [];
	for (let index = 0; index < this.getInputData().length; index++) {
		try {
			const path = `/v1/jobs/${encodeURIComponent(readJobId(this, index))}`;
			const read = async (seconds: number) => {
				const request = { method: 'GET', path, ...waitFor(seconds) } as const;
				const { body, waited } = await callPlayground<BatchJob>(this, request);
				return { ...body, waited };
			};
			const isOver = (job: BatchJob) => hasEnded({ batchId: '', jobs: [job] });
			jobs.push(await awaitEnd(this, { read, hasEnded: isOver, until }));
			slots.push(formOf({ context: this, index }));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError(this.getNode(), error, index);
			slots.push({ error: (error as NodeOperationError).message });
		}
	}
	return [await settle(this, slots, toLateJobs(jobs, deadlineMinutes))];
}
