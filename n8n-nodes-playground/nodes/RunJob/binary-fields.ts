import {
	NodeOperationError,
	UserError,
	type IBinaryKeyData,
	type IDataObject,
	type IExecuteFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

export interface BinaryInput {
	binaryProperty: string;
	field: string;
}

export interface BinaryOutput {
	binaryProperty: string;
	field: string;
	fileName?: string;
}

const DATA_URL = /^data:([^;,]+)?(?:;[^,;]+)*;base64,/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Returns a copy of the input with files of the item in it, as base64. */
export async function addBinaryInputs(
	context: IExecuteFunctions,
	itemIndex: number,
	{ input, files }: { input: unknown; files: BinaryInput[] },
): Promise<IDataObject> {
	if (typeof input !== 'object' || input === null || Array.isArray(input)) {
		throw new NodeOperationError(
			context.getNode(),
			'Binary Input Field needs an input that is a JSON object',
			{ itemIndex },
		);
	}
	const result = structuredClone(input) as IDataObject;
	for (const { binaryProperty, field } of files) {
		const fault = findNameFault(field);
		if (fault) throw new NodeOperationError(context.getNode(), fault, { itemIndex });
		const bytes = await context.helpers.getBinaryDataBuffer(itemIndex, binaryProperty);
		setField(result, field.split('.'), bytes.toString('base64'));
	}
	return result;
}

/** Moves base64 from a job's output into files. It skips fields without base64. */
export async function takeBinaryOutputs(
	helpers: (IExecuteFunctions | IWebhookFunctions)['helpers'],
	output: unknown,
	files: BinaryOutput[],
): Promise<{ output: unknown; binary?: IBinaryKeyData }> {
	if (files.length === 0 || typeof output !== 'object' || output === null) return { output };
	const rest = structuredClone(output) as IDataObject;
	const binary: IBinaryKeyData = {};
	for (const { binaryProperty, field, fileName } of files) {
		const fault = findNameFault(field) ?? findNameFault(binaryProperty);
		if (fault) throw new UserError(fault);
		const path = field.split('.');
		const file = decode(getField(rest, path));
		if (file === null) continue;
		binary[binaryProperty] = await helpers.prepareBinaryData(
			file.bytes,
			fileName || undefined,
			file.mimeType,
		);
		deleteField(rest, path);
	}
	return Object.keys(binary).length === 0 ? { output: rest } : { output: rest, binary };
}

/** Names through which a field would change the objects of n8n's whole process. */
const UNSAFE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

function findNameFault(field: string): string | null {
	const unsafe = field.split('.').find((name) => UNSAFE_NAMES.has(name));
	if (unsafe === undefined) return null;
	return `The binary field is "${field}": it must not contain the name ${unsafe}`;
}

function decode(value: unknown): { bytes: Buffer; mimeType?: string } | null {
	if (typeof value !== 'string') return null;
	const [prefix, mimeType] = DATA_URL.exec(value) ?? [''];
	const base64 = value.slice(prefix.length);
	return BASE64.test(base64) ? { bytes: Buffer.from(base64, 'base64'), mimeType } : null;
}

function parentOf(object: IDataObject, path: string[]): IDataObject | undefined {
	let parent: unknown = object;
	for (const key of path.slice(0, -1)) parent = (parent as IDataObject | undefined)?.[key];
	return typeof parent === 'object' && parent !== null ? (parent as IDataObject) : undefined;
}

function getField(object: IDataObject, path: string[]): unknown {
	return parentOf(object, path)?.[path.at(-1) as string];
}

function deleteField(object: IDataObject, path: string[]): void {
	const parent = parentOf(object, path);
	if (parent) delete parent[path.at(-1) as string];
}

function setField(object: IDataObject, path: string[], value: string): void {
	let parent = object;
	for (const key of path.slice(0, -1)) {
		const child = parent[key];
		parent = (
			typeof child === 'object' && child !== null ? child : (parent[key] = {})
		) as IDataObject;
	}
	parent[path.at(-1) as string] = value;
}
