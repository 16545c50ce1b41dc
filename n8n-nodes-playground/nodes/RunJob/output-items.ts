import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
} from 'n8n-workflow';
import type { BatchJob } from './batch';
import { takeBinaryOutputs } from './binary-fields';
import { toJsons } from './output-form';
import type { Slot } from './submit-items';

/** An input item whose job has not completed, and its error as the json of an item. */
export interface Failure {
	itemIndex: number;
	json: IDataObject;
}

/**
 * The output items of each input item, in order: the output of its job, or the error. n8n sends an item to
 * the error output if its json has only the keys `error`, `message` and `details`.
 */
export async function toOutputItems(
	context: IExecuteFunctions | IWebhookFunctions,
	slots: Slot[],
	jobs: BatchJob[],
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const { slot, job, itemIndex } of pair(slots, jobs)) {
		const pairedItem = { item: itemIndex };
		if ('error' in slot || job?.status !== 'completed') {
			items.push({ json: errorOf(slot, job), pairedItem });
			continue;
		}
		const { output, binary } = await takeBinaryOutputs(context, job.output, slot.files);
		for (const json of toJsons({ ...job, output }, slot.form)) {
			items.push({ json, ...(binary && { binary }), pairedItem });
		}
	}
	return items;
}

/** One item per input item, in order, for jobs that have no output yet. `toJson` makes the json. */
export function toJobItems<Job extends BatchJob>(
	slots: Slot[],
	jobs: Job[],
	toJson: (job: Partial<Job>) => IDataObject,
): INodeExecutionData[] {
	return pair(slots, jobs).map(({ slot, job, itemIndex }) => ({
		json: 'error' in slot ? { error: slot.error } : toJson(job ?? {}),
		pairedItem: { item: itemIndex },
	}));
}

export function findFailures(slots: Slot[], jobs: BatchJob[]): Failure[] {
	return pair(slots, jobs).flatMap(({ slot, job, itemIndex }) =>
		'error' in slot || job?.status !== 'completed' ? [{ itemIndex, json: errorOf(slot, job) }] : [],
	);
}

/** Each item with its job, if it has one. */
function pair<Job extends BatchJob>(slots: Slot[], jobs: Job[]) {
	let nextJob = 0;
	return slots.map((slot, itemIndex) => ({
		slot,
		job: 'error' in slot ? undefined : jobs[nextJob++],
		itemIndex,
	}));
}

function errorOf(slot: Slot, job: BatchJob | undefined): IDataObject {
	if ('error' in slot) return { error: slot.error };
	const { jobId, status, errorCode = null } = job ?? {};
	const error = job?.error ?? `The job is ${status}`;
	return jobId === undefined ? { error } : { error, details: { jobId, status, errorCode } };
}
