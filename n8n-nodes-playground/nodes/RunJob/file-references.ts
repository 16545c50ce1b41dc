import type { IBinaryData, IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { hasHttpCode, toNodeError } from '../../shared/errors';
import { downloadFromPlayground, uploadToPlayground } from '../../shared/playground-files';
import { runKey } from './idempotency';
import { isTool } from './tool';

/** How an input or an output refers to a file that the daemon has stored. */
export interface FileReference extends IDataObject {
	$file: string;
	name?: string;
	type?: string;
}

/** The ids of uploaded files, by run, item and field. */
type Uploads = Record<string, string>;

export function isFileReference(value: unknown): value is FileReference {
	return typeof (value as Partial<FileReference> | null | undefined)?.$file === 'string';
}

/**
 * Uploads a file of the item. Another try of "Retry On Fail" gets the same reference, because the daemon
 * refuses a different request with the same key.
 */
export async function uploadFile(
	context: IExecuteFunctions,
	itemIndex: number,
	binaryProperty: string,
): Promise<FileReference> {
	const uploads = (context.getContext('node').uploads ?? {}) as Uploads;
	const key = [runKey(context), itemIndex, binaryProperty].join('\n');
	// A language model may call a tool twice within one run.
	const known = isTool(context) ? undefined : uploads[key];
	if (known !== undefined) return { $file: known };
	const file = context.helpers.assertBinaryData(itemIndex, binaryProperty);
	const id = await uploadToPlayground(context, {
		// n8n gives some files the path that they had.
		name: file.fileName?.split(/[/\\]/).at(-1) || 'file',
		type: file.mimeType,
		...(await open(context, file)),
	});
	context.getContext('node').uploads = { ...uploads, [key]: id };
	return { $file: id };
}

async function open({ helpers }: IExecuteFunctions, { id, data }: IBinaryData) {
	if (!id) {
		// n8n keeps the file in the execution's data.
		const content = Buffer.from(data, 'base64');
		return { content, size: content.length };
	}
	const { fileSize } = await helpers.getBinaryMetadata(id);
	return { content: await helpers.getBinaryStream(id), size: fileSize };
}

/** Null if the daemon no longer has the file. */
export async function downloadFile(
	context: IExecuteFunctions | IWebhookFunctions,
	{ $file, name, type }: FileReference,
	fileName: string | undefined,
): Promise<IBinaryData | null> {
	try {
		return await downloadFromPlayground(context, { id: $file, name: fileName ?? name, type });
	} catch (error) {
		if (!hasHttpCode(error, 404)) throw toNodeError(context.getNode(), error);
		context.logger.warn(`Run Job leaves ${$file} in the output: Playground no longer has this file`);
		return null;
	}
}
