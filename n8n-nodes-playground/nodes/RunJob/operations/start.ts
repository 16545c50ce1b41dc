import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toJobItems } from '../output-items';
import { submitItems } from '../submit-items';

/** Hands all items over as one batch, and goes on with the jobs' ids. */
export async function start(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { slots, batch } = await submitItems(this, { waitSeconds: 0 });
	const { batchId, jobs } = batch ?? { batchId: null, jobs: [] };
	return [toJobItems(slots, jobs, ({ jobId, status }) => ({ jobId, status, batchId }))];
}
