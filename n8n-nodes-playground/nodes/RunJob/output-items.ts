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
 * One item per input item, in order: the output of its job, or the error. n8n sends an item to the
 * error output if its json has only the keys `error`, `message` and `details`.
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

/** One item per input item, in order, for jobs that have no output yet. `toJson` makes the json. */
export function toJobItems<Job extends BatchJob>(
	slots: Slot[],
	jobs: Job[],
	toJson: (job: Partial<Job>) => IDataObject,
): INodeExecutionData[] {
	let nextJob = 0;
	return slots.map((slot, item) => ({
		json: 'error' in slot ? { error: slot.error } : toJson(jobs[nextJob++] ?? {}),
		pairedItem: { item },
	}));
}

function errorOf(slot: Slot, job: BatchJob | undefined): IDataObject {
	if ('error' in slot) return { error: slot.error };
	const { jobId, status, errorCode = null } = job ?? {};
	const error = job?.error ?? `The job is ${status}`;
	return jobId === undefined ? { error } : { error, details: { jobId, status, errorCode } };
}

export function hasFailure(items: INodeExecutionData[]): boolean {
	return items.some(({ json }) => 'error' in json);
}

/** The first error among the items, for a node that is set to stop. */
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
	// NodeOperationError rewrites some messages. This keeps the plugin's own message.
	error.message = message;
	return error;
}
