import type { IExecuteFunctions } from 'n8n-workflow';

/** Whether a language model calls the node. n8n's tool variant of it has `Tool` after its name. */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool') || context.isToolExecution();
}
