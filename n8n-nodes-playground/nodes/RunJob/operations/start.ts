import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toJobItems } from '../output-items';
import { hasKeys, submitEach, type KeyedJob } from '../submit-each';
import { submitItems } from '../submit-items';

/** Submits all items and returns the ids of the jobs. */
export async function start(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	if (hasKeys(this)) {
		const each = await submitEach(this);
		return [toJobItems(each.slots, each.jobs, toKeyedJson)];
	}
	const { slots, batches } = await submitItems(this, { waitSeconds: 0 });
	const jobs = batches.flatMap(({ batchId, jobs: own }) => own.map((job) => ({ ...job, batchId })));
	return [toJobItems(slots, jobs, ({ jobId, status, batchId }) => ({ jobId, status, batchId }))];
}

function toKeyedJson({ jobId, status, deduplicated, debounced }: Partial<KeyedJob>): IDataObject {
	const was = { ...(deduplicated && { deduplicated }), ...(debounced && { debounced }) };
	return { jobId, status, ...was };
}
