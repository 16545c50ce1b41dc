import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { submitItems } from '../submit-items';

/** Hands all items over as one batch, and goes on with the jobs' ids. */
export async function start(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { slots, batch } = await submitItems(this, { waitSeconds: 0 });
	let nextJob = 0;
	const items = slots.map((slot, item) => {
		const pairedItem = { item };
		if ('error' in slot) return { json: { error: slot.error }, pairedItem };
		const job = batch?.jobs[nextJob++];
		return {
			json: { jobId: job?.jobId, status: job?.status, batchId: batch?.batchId },
			pairedItem,
		};
	});
	return [items];
}
