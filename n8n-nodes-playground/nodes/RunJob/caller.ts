import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Whether a webhook started the execution and responds with the output of the last node. If the
 * execution parks, n8n responds at once, with the input of the parked node: the caller would get
 * its own request and headers back. A webhook of the parent workflow is not visible from here.
 */
export function hasWaitingCaller(context: IExecuteFunctions): boolean {
	const options = { includeNodeParameters: true };
	const $ = context.getWorkflowDataProxy(0).$ as (name: string) => { isExecuted: boolean };
	return context
		.getParentNodes(context.getNode().name, options)
		.some(({ name, parameters }) => parameters?.responseMode === 'lastNode' && $(name).isExecuted);
}
