import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toJobItems } from '../output-items';
import { submitItems } from '../submit-items';

/** Submits all items and returns the ids of the jobs. */
export async function start(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { slots, batches } = await submitItems(this, { waitSeconds: 0 });
	const jobs = batches.flatMap(({ batchId, jobs: own }) => own.map((job) => ({ ...job, batchId })));
	return [toJobItems(slots, jobs, ({ jobId, status, batchId }) => ({ jobId, status, batchId }))];
}
