import { NodeApiError, NodeOperationError, type INode, type JsonObject } from 'n8n-workflow';
import type { Fault, Issue } from './answer-fault';

/**
 * NodeApiError rewrites a message that contains a system error's code (ECONNREFUSED, or EPERM inside
 * another word), so the message is set after the error is made.
 */
export function toNodeApiError(node: INode, fault: Fault): NodeApiError {
	const { message, description, httpCode, issues } = fault;
	const error = new NodeApiError(node, {} as JsonObject, { message, httpCode });
	error.message = message;
	error.description = description;
	error.context.issues = issues;
	return error;
}

/** The error itself if n8n can show it, otherwise in a form that n8n can show. */
export function toNodeError(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeApiError | NodeOperationError {
	if (!(error instanceof NodeApiError || error instanceof NodeOperationError)) {
		return new NodeOperationError(node, error as Error, { itemIndex });
	}
	if (itemIndex !== undefined) error.context.itemIndex = itemIndex;
	return error;
}

export function hasHttpCode(error: unknown, status: number): boolean {
	return error instanceof NodeApiError && error.httpCode === String(status);
}

/** The invalid fields that the daemon named, if any. */
export function issuesOf(error: unknown): Issue[] {
	return error instanceof NodeApiError ? ((error.context.issues ?? []) as Issue[]) : [];
}
