import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toNodeError } from '../../../shared/errors';
import { listPlayground } from '../../../shared/playground-api';
import { toInstant } from '../../../shared/instant';

interface Filters {
	createdAfter?: unknown;
	createdBefore?: unknown;
	name?: string;
	plugin?: string;
	status?: string;
}

/** Returns the jobs that match the filters, newest first, one item per job. */
export async function getMany(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items: INodeExecutionData[] = [];
	for (let item = 0; item < this.getInputData().length; item++) {
		const returnAll = this.getNodeParameter('returnAll', item) as boolean;
		const limit = returnAll ? Infinity : (this.getNodeParameter('limit', item) as number);
		try {
			let count = 0;
			for await (const json of listPlayground<IDataObject>(this, '/v1/jobs', toQuery(this, item))) {
				if (count++ >= limit) break;
				items.push({ json, pairedItem: { item } });
			}
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError(this.getNode(), error, item);
			items.push({ json: { error: (error as Error).message }, pairedItem: { item } });
		}
	}
	return [items];
}

function toQuery(context: IExecuteFunctions, item: number): IDataObject {
	const filters = context.getNodeParameter('filters', item, {}) as Filters;
	const query: IDataObject = {};
	for (const [name, value] of Object.entries(filters)) {
		if (value === '') continue;
		const instant = name.startsWith('created') && toInstant(value, context.getTimezone());
		query[name] = instant ? instant.toISOString() : value;
	}
	return query;
}
