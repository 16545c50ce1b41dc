import type { IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';

/** Whether a language model calls the node. n8n's tool variant of it has `Tool` after its name. */
export function isTool(context: IExecuteFunctions | ILoadOptionsFunctions): boolean {
	const isVariant = context.getNode().type.endsWith('Tool');
	return isVariant || ('isToolExecution' in context && context.isToolExecution());
}
