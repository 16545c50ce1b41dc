import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { BatchJob } from './batch';
import { toFailureError } from './failure';
import { noteFailedTry } from './idempotency';
import { findFailures, toOutputItems } from './output-items';
import type { Slot } from './submit-items';

/** The items of jobs that have ended. Throws the first failure unless the node continues on errors. */
export async function settle(
	context: IExecuteFunctions,
	slots: Slot[],
	jobs: BatchJob[],
	when?: 'parked',
): Promise<INodeExecutionData[]> {
	const [first, ...others] = findFailures(slots, jobs);
	if (first !== undefined) {
		// In version 1, jobs that failed after parking do not run again under "Retry On Fail".
		if (when !== 'parked' || context.getNode().typeVersion >= 2) {
			for (const { itemIndex } of [first, ...others]) noteFailedTry(context, itemIndex);
		}
		if (!context.continueOnFail()) {
			throw await toFailureError(context, [first, ...others], { jobs: slots.length });
		}
	}
	return await toOutputItems(context, slots, jobs);
}
