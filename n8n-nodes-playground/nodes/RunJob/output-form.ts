import type { IDataObject } from 'n8n-workflow';
import type { BatchJob } from './batch';

/** What the items of a completed job contain. */
export interface OutputForm {
	/** `job`: the job with its output. `output`: only the output. `items`: an item per list entry. */
	as?: 'job' | 'output' | 'items';
	/** The field of the output to use. Empty for the whole output. */
	field?: string;
}

export function toJsons(
	{ jobId, status, output }: BatchJob,
	{ as = 'job', field = '' }: OutputForm = {},
): IDataObject[] {
	const part = field === '' ? output : getPart(output, field);
	if (as === 'job') return [{ jobId, status, output: part as IDataObject }];
	return as === 'items' && Array.isArray(part) ? part.map(toObject) : [toObject(part)];
}

function getPart(output: unknown, field: string): unknown {
	let part = output;
	for (const key of field.split('.')) part = (part as IDataObject | null | undefined)?.[key];
	return part ?? null;
}

/** The json of an item is an object. Another value becomes its field `output`. */
function toObject(value: unknown): IDataObject {
	const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
	return (isObject ? value : { output: value }) as IDataObject;
}
