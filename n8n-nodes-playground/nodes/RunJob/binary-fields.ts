import {
	NodeOperationError,
	UserError,
	type IBinaryData,
	type IBinaryKeyData,
	type IDataObject,
	type IExecuteFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { downloadFile, isFileReference, uploadFile } from './file-references';

export interface BinaryInput {
	binaryProperty: string;
	field: string;
	/** Missing in workflows that were saved before there was a choice: base64. */
	sendAs?: 'base64' | 'reference';
}

export interface BinaryOutput {
	binaryProperty: string;
	field: string;
	fileName?: string;
}

const DATA_URL = /^data:([^;,]+)?(?:;[^,;]+)*;base64,/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Returns a copy of the input with files of the item in it, as base64 or as references. */
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
	for (const { binaryProperty, field, sendAs } of files) {
		const fault = findNameFault(field);
		if (fault) throw new NodeOperationError(context.getNode(), fault, { itemIndex });
		const value =
			sendAs === 'reference'
				? await uploadFile(context, itemIndex, binaryProperty)
				: (await context.helpers.getBinaryDataBuffer(itemIndex, binaryProperty)).toString('base64');
		setField(result, field.split('.'), value);
	}
	return result;
}

/**
 * Moves files out of a job's output: base64, a reference to a stored file, or a list of references, whose
 * files get the numbers from 0 after their names. It skips fields with anything else.
 */
export async function takeBinaryOutputs(
	context: IExecuteFunctions | IWebhookFunctions,
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
		const value = getField(rest, path);
		const taken = isListOfReferences(value)
			? await takeEach(context, binaryProperty, value)
			: toNamed(binaryProperty, await takeFile(context, value, fileName || undefined));
		if (taken === null) continue;
		Object.assign(binary, taken);
		deleteField(rest, path);
	}
	return Object.keys(binary).length === 0 ? { output: rest } : { output: rest, binary };
}

function isListOfReferences(value: unknown): value is unknown[] {
	return Array.isArray(value) && value.length > 0 && value.every(isFileReference);
}

/** Null if one of the files is not there, so that the list stays whole. */
async function takeEach(
	context: IExecuteFunctions | IWebhookFunctions,
	binaryProperty: string,
	references: unknown[],
): Promise<IBinaryKeyData | null> {
	const files: IBinaryKeyData = {};
	for (const [index, reference] of references.entries()) {
		const file = await takeFile(context, reference, undefined);
		if (file === null) return null;
		files[`${binaryProperty}_${index}`] = file;
	}
	return files;
}

function toNamed(name: string, file: IBinaryData | null): IBinaryKeyData | null {
	return file && { [name]: file };
}

/** Null if the value is no file, or one that the daemon no longer has. */
async function takeFile(
	context: IExecuteFunctions | IWebhookFunctions,
	value: unknown,
	fileName: string | undefined,
): Promise<IBinaryData | null> {
	if (isFileReference(value)) return await downloadFile(context, value, fileName);
	const file = decode(value);
	return file && (await context.helpers.prepareBinaryData(file.bytes, fileName, file.mimeType));
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

function setField(object: IDataObject, path: string[], value: string | IDataObject): void {
	let parent = object;
	for (const key of path.slice(0, -1)) {
		const child = parent[key];
		parent = (
			typeof child === 'object' && child !== null ? child : (parent[key] = {})
		) as IDataObject;
	}
	parent[path.at(-1) as string] = value;
}
