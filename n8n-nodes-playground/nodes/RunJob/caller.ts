import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

const CHAT_TRIGGER = '@n8n/n8n-nodes-langchain.chatTrigger';

/**
 * Whether a webhook, form or chat started the execution and responds with the output of the last
 * node. If the execution parks, n8n responds at once, with the input of the parked node: the caller
 * would get its own request and headers back. A webhook of the parent workflow is not visible here.
 */
export function hasWaitingCaller(context: IExecuteFunctions): boolean {
	const options = { includeNodeParameters: true };
	const $ = context.getWorkflowDataProxy(0).$ as (name: string) => { isExecuted: boolean };
	return context
		.getParentNodes(context.getNode().name, options)
		.some(
			({ name, type, parameters = {} }) =>
				responseModeOf(type, parameters) === 'lastNode' && $(name).isExecuted,
		);
}

function responseModeOf(type: string, parameters: IDataObject): unknown {
	if (type !== CHAT_TRIGGER) return parameters.responseMode;
	const { responseMode } = (parameters.options ?? {}) as IDataObject;
	return responseMode ?? (parameters.availableInChat ? 'streaming' : 'lastNode');
}
