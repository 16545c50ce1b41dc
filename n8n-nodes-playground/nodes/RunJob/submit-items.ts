import { NodeApiError, NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { issuesOf } from '../../shared/errors';
import { submitBatch, type Batch } from './batch';
import type { BinaryOutput } from './binary-fields';
import { batchKey, createKeys } from './idempotency';
import { optionsOf, toJobRequest, type JobRequest } from './job-request';

/** An input item's place in the batch, which has its jobs in the same order; or why it has none. */
export type Slot = { error: string } | { files: BinaryOutput[] };

export interface Submission {
	/** One per input item. */
	slots: Slot[];
	/** The batch's idempotency key. */
	key: string;
	/** Null if no item gave a job. */
	batch: Batch | null;
}

type Draft = { error: string } | { request: JobRequest; files: BinaryOutput[] };

/** Submits all items as one batch. Throws at the first bad item unless the node continues on errors. */
export async function submitItems(
	context: IExecuteFunctions,
	{ waitSeconds }: { waitSeconds: number },
): Promise<Submission> {
	let drafts = await draftItems(context);
	for (;;) {
		const jobs = drafts.flatMap((draft) => ('request' in draft ? [draft.request] : []));
		const key = batchKey(jobs.map(({ idempotencyKey }) => idempotencyKey));
		if (jobs.length === 0) return { slots: drafts.map(toSlot), key, batch: null };

		try {
			const batch = await submitBatch(context, { jobs, idempotencyKey: key, waitSeconds });
			return { slots: drafts.map(toSlot), key, batch };
		} catch (error) {
			drafts = dropRefused(context, drafts, error as Error);
		}
	}
}

function toSlot(draft: Draft): Slot {
	return 'error' in draft ? { error: draft.error } : { files: draft.files };
}

async function draftItems(context: IExecuteFunctions): Promise<Draft[]> {
	const keyOf = createKeys(context);
	const drafts: Draft[] = [];
	for (let index = 0; index < context.getInputData().length; index++) {
		try {
			const item = { context, index };
			const files = optionsOf(item).binaryOutput?.file ?? [];
			drafts.push({ request: await toJobRequest(item, keyOf(index)), files });
		} catch (error) {
			if (!context.continueOnFail()) {
				throw new NodeOperationError(context.getNode(), error as Error, { itemIndex: index });
			}
			drafts.push({ error: (error as Error).message });
		}
	}
	return drafts;
}

/**
 * The daemon refuses a whole batch and says which jobs are invalid. Their items become errors, and
 * the others are submitted again. An error that names no job is the error of every item.
 */
function dropRefused(context: IExecuteFunctions, drafts: Draft[], error: Error): Draft[] {
	const reasons = reasonsByJob(error);
	const items = drafts.flatMap((draft, index) => ('request' in draft ? [index] : []));
	if (!context.continueOnFail()) throw toRefusal(context, error, { reasons, items });
	const refused = reasons.size === 0 ? items : [...reasons.keys()].map((job) => items[job]);
	return drafts.map((draft, index) => {
		if (!refused.includes(index)) return draft;
		return { error: reasons.get(items.indexOf(index)) ?? error.message };
	});
}

function reasonsByJob(error: Error): Map<number, string> {
	const reasons = new Map<number, string>();
	for (const { path, message } of issuesOf(error)) {
		const [, job, field] = /^\/jobs\/(\d+)(\/.*)?$/.exec(path) ?? [];
		if (job === undefined || reasons.has(Number(job))) continue;
		reasons.set(Number(job), `${fieldName(field)} ${message}`);
	}
	return reasons;
}

/** Turns a JSON Pointer such as `/input/text` into `input.text`. */
function fieldName(pointer = '/job'): string {
	return pointer.slice(1).replaceAll('/', '.');
}

/** The error for the node: the first invalid item and the reason. */
function toRefusal(
	context: IExecuteFunctions,
	error: Error,
	{ reasons, items }: { reasons: Map<number, string>; items: number[] },
): NodeApiError | NodeOperationError {
	if (!(error instanceof NodeApiError)) return new NodeOperationError(context.getNode(), error);
	const [first] = reasons;
	if (first === undefined) return error;
	const [job, reason] = first;
	error.message = `Playground refused this item: ${reason}`;
	const others = reasons.size - 1;
	error.description =
		others === 0 ? 'No item was run.' : `No item was run. ${others} more would be refused.`;
	error.context.itemIndex = items[job];
	return error;
}
