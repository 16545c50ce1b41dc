import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { findAnswerFault, unreachable, type Answer, type Fault } from './answer-fault';
import { trimBaseUrl } from './playground-api';

interface Connection {
	baseUrl: string;
	token: string;
}

/** Tests a credential. It reports a missing daemon, a wrong token or a wrong address. */
export async function testConnection(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const { baseUrl, token } = credential.data as unknown as Connection;
	const fault = await findConnectionFault(this.helpers, { baseUrl: trimBaseUrl(baseUrl), token });
	return fault === null
		? { status: 'OK', message: 'Connection successful' }
		: { status: 'Error', message: `${fault.message}. ${fault.description}` };
}

async function findConnectionFault(
	helpers: ICredentialTestFunctions['helpers'],
	{ baseUrl, token }: Connection,
): Promise<Fault | null> {
	let answer: Answer;
	try {
		// n8n gives a credential's test no other helper. It respects n8n's proxy and SSRF settings.
		const response = await helpers.request({
			method: 'GET',
			uri: `${baseUrl}/v1/plugins`,
			headers: { Authorization: `Bearer ${token}` },
			json: true,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
			timeout: 10_000,
		});
		answer = { status: response.statusCode, body: response.body };
	} catch (error) {
		return unreachable(baseUrl, error);
	}
	const fault = findAnswerFault(baseUrl, answer);
	if (fault !== null) return fault;
	const isPluginList = Array.isArray((answer.body as { items?: unknown }).items);
	return isPluginList ? null : findAnswerFault(baseUrl, { ...answer, body: null });
}
