import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import type { BatchJob } from './batch';
import { takeBinaryOutputs } from './binary-fields';
import type { Slot } from './submit-items';

/**
 * One item per input item, in order: its job's output, or why there is none. n8n routes an item to
 * the error output when its json has no other keys than `error`, `message` and `details`.
 */
export async function toOutputItems(
	context: IExecuteFunctions | IWebhookFunctions,
	slots: Slot[],
	jobs: BatchJob[],
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	let nextJob = 0;
	for (const [index, slot] of slots.entries()) {
		const pairedItem = { item: index };
		const job = 'error' in slot ? undefined : jobs[nextJob++];
		if ('error' in slot || job?.status !== 'completed') {
			items.push({ json: errorOf(slot, job), pairedItem });
			continue;
		}
		const { jobId, status } = job;
		const { output, binary } = await takeBinaryOutputs(context.helpers, job.output, slot.files);
		const json = { jobId, status, output: output as IDataObject };
		items.push({ json, ...(binary && { binary }), pairedItem });
	}
	return items;
}

/** The same where there is no output yet: each job as `toJson` tells of it. */
export function toJobItems(
	slots: Slot[],
	jobs: BatchJob[],
	toJson: (job: Partial<BatchJob>) => IDataObject,
): INodeExecutionData[] {
	let nextJob = 0;
	return slots.map((slot, item) => ({
		json: 'error' in slot ? { error: slot.error } : toJson(jobs[nextJob++] ?? {}),
		pairedItem: { item },
	}));
}

function errorOf(slot: Slot, job: BatchJob | undefined): IDataObject {
	if ('error' in slot) return { error: slot.error };
	if (job === undefined) return { error: 'Playground no longer knows this job' };
	const { jobId, status, errorCode = null } = job;
	return { error: job.error ?? `The job is ${status}`, details: { jobId, status, errorCode } };
}

/** What the node fails with when it is set to stop: the first item that has an error. */
export function firstFailure(
	node: INode,
	items: INodeExecutionData[],
): NodeOperationError | undefined {
	const itemIndex = items.findIndex(({ json }) => 'error' in json);
	const json = items[itemIndex]?.json;
	if (json === undefined) return undefined;
	const { jobId, status, errorCode } = (json.details ?? {}) as Partial<BatchJob>;
	const description = jobId && `Job ${jobId} ended as ${status} (${errorCode ?? 'no code'})`;
	const message = String(json.error);
	const error = new NodeOperationError(node, message, { itemIndex, description });
	// NodeOperationError rewrites some messages; the plugin's own words are to be kept.
	error.message = message;
	return error;
}
