import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

/** The field of a job's metadata in which Run Job names its workflow and execution. */
const FIELD = 'n8n';

/** What Run Job adds to the metadata of a job. The user's own field of that name replaces it. */
export function originOf(context: IExecuteFunctions): IDataObject {
	const { id } = context.getWorkflow();
	return id ? { [FIELD]: { workflowId: id, executionId: context.getExecutionId() } } : {};
}

/** Whether a Run Job node of the same workflow has submitted the event's job. */
export function isOfThisWorkflow(context: IWebhookFunctions, event: IDataObject): boolean {
	const { id } = context.getWorkflow();
	const origin = (event.metadata as IDataObject | undefined)?.[FIELD] as IDataObject | undefined;
	return id !== undefined && origin?.workflowId === id;
}
