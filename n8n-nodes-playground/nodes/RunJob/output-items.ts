import {
	NodeOperationError,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import type { BatchJob } from './batch';
import { takeBinaryOutputs } from './binary-fields';
import type { Slot } from './submit-items';

export interface OutputItem extends INodeExecutionData {
	error?: NodeOperationError;
}

/** One item per input item, in order: its job's output, or why there is none. */
export async function toOutputItems(
	context: IExecuteFunctions | IWebhookFunctions,
	slots: Slot[],
	jobs: BatchJob[],
): Promise<OutputItem[]> {
	const items: OutputItem[] = [];
	let nextJob = 0;
	for (const [index, slot] of slots.entries()) {
		const pairedItem = { item: index };
		if ('error' in slot) {
			items.push({ ...errorItem(context.getNode(), index, { message: slot.error }), pairedItem });
			continue;
		}
		const job = jobs[nextJob++];
		if (job?.status === 'completed') {
			const { output, binary } = await takeBinaryOutputs(context.helpers, job.output, slot.files);
			const json = { jobId: job.jobId, status: job.status, output: output as string };
			items.push({ json, ...(binary && { binary }), pairedItem });
		} else {
			items.push({ ...errorItem(context.getNode(), index, failureOf(job)), pairedItem });
		}
	}
	return items;
}

interface Failure {
	message: string;
	job?: BatchJob;
}

function failureOf(job: BatchJob | undefined): Failure {
	if (job === undefined) return { message: 'Playground no longer knows this job' };
	return { message: job.error ?? `The job is ${job.status}`, job };
}

/** `error` is what n8n looks at to route an item to the error output; `json` is what people see. */
function errorItem(node: INode, itemIndex: number, { message, job }: Failure): OutputItem {
	const error = new NodeOperationError(node, message, {
		itemIndex,
		description: job && `Job ${job.jobId} ended as ${job.status} (${job.errorCode ?? 'no code'})`,
	});
	// NodeOperationError rewrites some messages; the plugin's own words are to be kept.
	error.message = message;
	const ids = job && { errorCode: job.errorCode ?? null, jobId: job.jobId, status: job.status };
	return { json: { error: message, ...ids }, error };
}
