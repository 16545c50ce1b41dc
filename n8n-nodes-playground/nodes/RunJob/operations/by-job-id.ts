import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { toNodeError } from '../../../shared/errors';
import { callPlayground, type PlaygroundRequest } from '../../../shared/playground-api';

/** Returns the whole job for each item. */
export async function get(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, (path) => ({ method: 'GET', path }));
}

/** Asks the daemon to stop each item's job, and returns the job as it is then. */
export async function cancel(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, (path) => ({ method: 'POST', path: `${path}/cancel` }));
}

async function forEachJobId(
	context: IExecuteFunctions,
	toRequest: (path: string) => PlaygroundRequest,
): Promise<INodeExecutionData[][]> {
	const items: INodeExecutionData[] = [];
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		const pairedItem = { item: itemIndex };
		try {
			const path = `/v1/jobs/${encodeURIComponent(readJobId(context, itemIndex))}`;
			const { body } = await callPlayground<IDataObject>(context, toRequest(path));
			items.push({ json: body, pairedItem });
		} catch (error) {
			if (!context.continueOnFail()) throw toNodeError(context.getNode(), error, itemIndex);
			items.push({ json: { error: (error as Error).message }, pairedItem });
		}
	}
	return [items];
}

function readJobId(context: IExecuteFunctions, itemIndex: number): string {
	const jobId = (context.getNodeParameter('jobId', itemIndex) as string).trim();
	if (jobId !== '') return jobId;
	throw new NodeOperationError(context.getNode(), 'Job ID is empty. Enter the ID of a job.', {
		itemIndex,
	});
}
