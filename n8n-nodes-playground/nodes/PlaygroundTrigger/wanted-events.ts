import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { isOfThisWorkflow } from '../../shared/own-jobs';

interface TriggerOptions {
	includeOwnJobs?: boolean;
	metadata?: { entry?: Array<{ name: string; value: string }> };
}

/** Whether an event starts the workflow. The filters here are those that the daemon does not have. */
export function isWanted(context: IWebhookFunctions, event: IDataObject): boolean {
	const options = context.getNodeParameter('options', {}) as TriggerOptions;
	// In version 1, jobs of the same workflow start it.
	const includesOwnJobs = context.getNode().typeVersion < 2 || options.includeOwnJobs === true;
	if (!includesOwnJobs && isOfThisWorkflow(context, event)) return false;
	const wanted = options.metadata?.entry ?? [];
	return wanted.every(
		({ name, value }) => name === '' || toText(fieldOf(event.metadata, name)) === value,
	);
}

function fieldOf(metadata: unknown, name: string): unknown {
	let value = metadata;
	for (const key of name.split('.')) value = (value as IDataObject | null | undefined)?.[key];
	return value;
}

/** Text as it is, other values as JSON. */
function toText(value: unknown): string | undefined {
	return typeof value === 'string' ? value : JSON.stringify(value);
}
