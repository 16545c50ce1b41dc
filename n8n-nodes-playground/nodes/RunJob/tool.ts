import type { IExecuteFunctions } from 'n8n-workflow';

/** Whether a language model is calling: n8n's tool variant of the node has `Tool` after its name. */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool') || context.isToolExecution();
}
