import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toJobItems } from '../output-items';
import { submitItems } from '../submit-items';

/** Submits all items as one batch and returns the ids of the jobs. */
export async function start(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { slots, batch } = await submitItems(this, { waitSeconds: 0 });
	const { batchId, jobs } = batch ?? { batchId: null, jobs: [] };
	return [toJobItems(slots, jobs, ({ jobId, status }) => ({ jobId, status, batchId }))];
}
