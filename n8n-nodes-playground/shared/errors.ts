import { NodeApiError, type INode, type JsonObject } from 'n8n-workflow';
import type { Fault, Issue } from './answer-fault';

/**
 * NodeApiError rewrites a message that holds a system error's code (ECONNREFUSED, or EPERM inside
 * another word), so the wording is set on the finished object.
 */
export function toNodeApiError(node: INode, fault: Fault): NodeApiError {
	const { message, description, httpCode, issues } = fault;
	const error = new NodeApiError(node, {} as JsonObject, { message, httpCode });
	error.message = message;
	error.description = description;
	error.context.issues = issues;
	return error;
}

export function hasHttpCode(error: unknown, status: number): boolean {
	return error instanceof NodeApiError && error.httpCode === String(status);
}

/** The fields that the daemon said are wrong; none when the error is about something else. */
export function issuesOf(error: unknown): Issue[] {
	return error instanceof NodeApiError ? ((error.context.issues ?? []) as Issue[]) : [];
}
