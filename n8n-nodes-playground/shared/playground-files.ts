import type { IBinaryData, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { findAnswerFault, unreachable } from './answer-fault';
import { toNodeApiError } from './errors';
import { callPlayground, CREDENTIAL, readBaseUrl, type FileContent } from './playground-api';

/** How long the daemon may take to answer. */
const ANSWER_MS = 60_000;
/** For a whole download. n8n's helper has no limit for a connection that falls silent. */
const DOWNLOAD_MS = 60 * 60_000;

export interface Upload {
	name: string;
	type: string;
	content: FileContent;
	/** In bytes. */
	size: number;
}

/** Uploads a file, and returns its id. */
export async function uploadToPlayground(
	context: IExecuteFunctions,
	{ name, type, content, size }: Upload,
): Promise<string> {
	try {
		const { body } = await callPlayground<{ fileId: string }>(context, {
			method: 'PUT',
			path: '/v1/files',
			query: { name },
			headers: { 'Content-Type': type, 'Content-Length': String(size) },
			body: content,
			timeoutMs: ANSWER_MS,
		});
		return body.fileId;
	} finally {
		// A request that failed leaves the stream open, and n8n's file with it.
		if (!Buffer.isBuffer(content)) content.destroy();
	}
}

/** Downloads a file into one of n8n's. Throws a NodeApiError that says what to do. */
export async function downloadFromPlayground(
	context: IExecuteFunctions | IWebhookFunctions,
	{ id, name, type }: { id: string; name?: string; type?: string },
): Promise<IBinaryData> {
	const baseUrl = await readBaseUrl(context);
	let answer: { statusCode: number; body: FileContent };
	try {
		answer = await context.helpers.httpRequestWithAuthentication.call(context, CREDENTIAL, {
			method: 'GET',
			url: `${baseUrl}/v1/files/${encodeURIComponent(id)}/content`,
			encoding: 'stream',
			timeout: ANSWER_MS,
			abortSignal: AbortSignal.timeout(DOWNLOAD_MS),
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
		});
	} catch (error) {
		throw toNodeApiError(context.getNode(), unreachable(baseUrl, error));
	}
	if (answer.statusCode === 200) {
		return await context.helpers.prepareBinaryData(answer.body, name, type);
	}
	const body = await context.helpers.binaryToString(answer.body);
	const fault = findAnswerFault(baseUrl, { status: answer.statusCode, body });
	throw toNodeApiError(context.getNode(), fault ?? unreachable(baseUrl, undefined));
}
