import { NodeApiError, NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { issuesOf } from '../../shared/errors';
import { jobsOf, submitBatch, type Batch } from './batch';
import { isTooLarge, splitBySize } from './batch-size';
import type { BinaryOutput } from './binary-fields';
import { batchKey, createKeys } from './idempotency';
import { formOf, toJobRequest, type JobRequest } from './job-request';
import type { OutputForm } from './output-form';

/** An input item's place in the batch, which has its jobs in the same order; or why it has none. */
export type Slot = { error: string } | OutputSlot;

export interface OutputSlot {
	files: BinaryOutput[];
	form?: OutputForm;
}

export interface Submission {
	/** One per input item. */
	slots: Slot[];
	/** A key for all jobs of this run. */
	key: string;
	/** In the order of the items. Empty if no item gave a job. */
	batches: Batch[];
}

interface GoodDraft {
	request: JobRequest;
	slot: OutputSlot;
}

type Draft = { error: string } | GoodDraft;

/**
 * Submits all items, in as few batches as the limits of the daemon allow. Throws at the first bad item
 * unless the node continues on errors.
 */
export async function submitItems(
	context: IExecuteFunctions,
	{ waitSeconds }: { waitSeconds: number },
): Promise<Submission> {
	const drafts = await draftItems(context);
	const batches: Batch[] = [];
	const parts = toParts(drafts);
	for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
		const jobs = part.map((index) => (drafts[index] as GoodDraft).request);
		// Only the last request waits, so that all jobs are submitted first.
		const wait = parts.length === 0 ? waitSeconds : 0;
		const idempotencyKey = batchKey(jobs.map((job) => job.idempotencyKey));
		try {
			batches.push(await submitBatch(context, { jobs, idempotencyKey, waitSeconds: wait }));
		} catch (error) {
			const reasons = reasonsByJob(error as Error);
			if (part.length > 1 && reasons.size === 0 && isTooLarge(error)) {
				const half = Math.ceil(part.length / 2);
				parts.unshift(part.slice(0, half), part.slice(half));
				continue;
			}
			const before = jobsOf(batches).length;
			if (!context.continueOnFail())
				throw toRefusal(context, error as Error, { reasons, part, before });
			refuse(drafts, { part, reasons, error: error as Error });
			const rest = part.filter((index) => 'request' in (drafts[index] as Draft));
			if (rest.length > 0) parts.unshift(rest);
		}
	}
	const keys = drafts.flatMap((draft) =>
		'request' in draft ? [draft.request.idempotencyKey] : [],
	);
	return { slots: drafts.map(toSlot), key: batchKey(keys), batches };
}

/** The indexes of the items in each batch. */
function toParts(drafts: Draft[]): number[][] {
	const jobs = drafts.flatMap((draft, index) =>
		'request' in draft ? [{ index, request: draft.request }] : [],
	);
	return splitBySize(jobs, ({ request }) => request).map((part) => part.map(({ index }) => index));
}

function toSlot(draft: Draft): Slot {
	return 'error' in draft ? { error: draft.error } : draft.slot;
}

export async function draftItems(context: IExecuteFunctions): Promise<Draft[]> {
	const keyOf = createKeys(context);
	const drafts: Draft[] = [];
	for (let index = 0; index < context.getInputData().length; index++) {
		try {
			const item = { context, index };
			drafts.push({ request: await toJobRequest(item, keyOf(index)), slot: formOf(item) });
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
 * The daemon refuses a whole batch and says which jobs are invalid. Their items become errors. An
 * error that names no job is the error of every item.
 */
function refuse(
	drafts: Draft[],
	{ part, reasons, error }: { part: number[]; reasons: Map<number, string>; error: Error },
): void {
	for (const [job, index] of part.entries()) {
		if (reasons.size > 0 && !reasons.has(job)) continue;
		drafts[index] = { error: reasons.get(job) ?? error.message };
	}
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
export function fieldName(pointer = '/job'): string {
	return pointer.slice(1).replaceAll('/', '.');
}

interface Refusal {
	reasons: Map<number, string>;
	/** The items of the refused batch. */
	part: number[];
	/** How many jobs were submitted in earlier batches. */
	before: number;
}

/** The error for the node: the first invalid item and the reason. */
function toRefusal(
	context: IExecuteFunctions,
	error: Error,
	{ reasons, part, before }: Refusal,
): NodeApiError | NodeOperationError {
	if (!(error instanceof NodeApiError)) return new NodeOperationError(context.getNode(), error);
	if (part.length === 1) error.context.itemIndex = part[0];
	const [first] = reasons;
	const ran = before === 0 ? 'No item was run.' : `Items that were run before: ${before}.`;
	if (first === undefined) {
		if (before > 0) error.description = `${ran}\n${error.description ?? ''}`;
		return error;
	}
	const [job, reason] = first;
	error.message = `Playground refused this item: ${reason}`;
	const others = reasons.size - 1;
	error.description = others === 0 ? ran : `${ran} ${others} more would be refused.`;
	error.context.itemIndex = part[job];
	return error;
}
