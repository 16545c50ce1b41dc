import { NodeApiError, type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import { issuesOf, toNodeError } from '../../shared/errors';
import { callPlayground } from '../../shared/playground-api';
import type { BatchJob } from './batch';
import { toKeys } from './job-keys';
import { optionsOf } from './job-request';
import { draftItems, fieldName, type Slot } from './submit-items';

export interface KeyedJob extends BatchJob {
	/** Set if the job was there already. */
	deduplicated?: true;
	/** Set if the request was merged into the job. */
	debounced?: true;
}

/** Whether jobs have a key. n8n gives an option to all items or to none. */
export function hasKeys(context: IExecuteFunctions): boolean {
	const { debounce, dedupe } = optionsOf({ context, index: 0 });
	return debounce?.window !== undefined || dedupe?.by !== undefined;
}

/** Submits each item on its own, because the jobs of a batch cannot have a key. */
export async function submitEach(
	context: IExecuteFunctions,
): Promise<{ slots: Slot[]; jobs: KeyedJob[] }> {
	const slots: Slot[] = [];
	const jobs: KeyedJob[] = [];
	for (const [index, draft] of (await draftItems(context)).entries()) {
		if ('error' in draft) {
			slots.push(draft);
			continue;
		}
		const { idempotencyKey, ...request } = draft.request;
		try {
			const { body } = await callPlayground<KeyedJob>(context, {
				method: 'POST',
				path: '/v1/jobs',
				body: { ...request, ...toKeys(optionsOf({ context, index })) } as IDataObject,
				headers: { 'Idempotency-Key': idempotencyKey },
			});
			jobs.push(body);
			slots.push(draft.slot);
		} catch (error) {
			const reason = reasonOf(error);
			if (!context.continueOnFail()) {
				throw toRefusal(context, error, { reason, index, before: jobs.length });
			}
			slots.push({ error: reason ?? (error as Error).message });
		}
	}
	return { slots, jobs };
}

/** What the daemon says about the first invalid field. */
function reasonOf(error: unknown): string | undefined {
	const [issue] = issuesOf(error);
	return issue && `${fieldName(issue.path || undefined)} ${issue.message}`;
}

function toRefusal(
	context: IExecuteFunctions,
	error: unknown,
	{ reason, index, before }: { reason: string | undefined; index: number; before: number },
) {
	const shown = toNodeError(context.getNode(), error, index);
	if (reason !== undefined) shown.message = `Playground refused this item: ${reason}`;
	if (before > 0 && shown instanceof NodeApiError) {
		shown.description = `Items that were run before: ${before}.\n${shown.description ?? ''}`;
	}
	return shown;
}
