import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { toNodeError } from '../../../shared/errors';
import {
	callPlayground,
	listPlayground,
	type PlaygroundRequest,
} from '../../../shared/playground-api';

/** Returns the whole job for each item. */
export async function get(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, async (path) => [await call(this, { method: 'GET', path })]);
}

/** Asks the daemon to stop each item's job, and returns the job as it is then. */
export async function cancel(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, async (path) => [
		await call(this, { method: 'POST', path: `${path}/cancel` }),
	]);
}

/** Runs each item's failed job again from the step that failed, and returns the job as it is then. */
export async function retry(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, async (path) => [
		await call(this, { method: 'POST', path: `${path}/retry` }),
	]);
}

/** Returns the log lines of each item's job, one item per line. */
export async function getLogs(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, (path) => collect(listPlayground(this, `${path}/logs`)));
}

/** Sends the events of each item's job again that no webhook has received. One item per delivery. */
export async function redeliver(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await forEachJobId(this, async (_path, jobId) => {
		const dead = listPlayground<{ deliveryId: string }>(this, '/v1/deliveries', {
			jobId,
			state: 'dead',
		});
		const sent: IDataObject[] = [];
		for (const { deliveryId } of await collect(dead)) {
			const path = `/v1/deliveries/${encodeURIComponent(deliveryId)}/redeliver`;
			sent.push(await call(this, { method: 'POST', path }));
		}
		return sent;
	});
}

export function readJobId(context: IExecuteFunctions, itemIndex: number): string {
	const jobId = (context.getNodeParameter('jobId', itemIndex) as string).trim();
	if (jobId !== '') return jobId;
	throw new NodeOperationError(context.getNode(), 'Job ID is empty. Enter the ID of a job.', {
		itemIndex,
	});
}

async function call(context: IExecuteFunctions, request: PlaygroundRequest): Promise<IDataObject> {
	return (await callPlayground<IDataObject>(context, request)).body;
}

async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
	const list: T[] = [];
	for await (const entry of all) list.push(entry);
	return list;
}

async function forEachJobId(
	context: IExecuteFunctions,
	act: (path: string, jobId: string) => Promise<IDataObject[]>,
): Promise<INodeExecutionData[][]> {
	const items: INodeExecutionData[] = [];
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		const pairedItem = { item: itemIndex };
		try {
			const jobId = readJobId(context, itemIndex);
			const results = await act(`/v1/jobs/${encodeURIComponent(jobId)}`, jobId);
			items.push(...results.map((json) => ({ json, pairedItem })));
		} catch (error) {
			if (!context.continueOnFail()) throw toNodeError(context.getNode(), error, itemIndex);
			items.push({ json: { error: (error as Error).message }, pairedItem });
		}
	}
	return [items];
}
