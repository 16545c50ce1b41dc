/** A problem with the daemon's answer, in words for the user of n8n. */
export interface Fault {
	message: string;
	description: string;
	/** Missing if there was no answer. */
	httpCode?: string;
	issues: Issue[];
}

export interface Issue {
	/** JSON Pointer into the request. */
	path: string;
	message: string;
}

interface Problem {
	code: string;
	detail: string;
	issues?: Issue[];
}

export interface Answer {
	status: number;
	body: unknown;
}

/** The daemon did not answer. */
export function unreachable(baseUrl: string, cause: unknown): Fault {
	const reason = reasonOf(cause);
	if (isCutOff(cause)) {
		return {
			message: `Playground at ${baseUrl} closed the connection`,
			description: `The daemon may have stopped, or the request was too large: PLAYGROUND_BODY_LIMIT is 16 MiB by default. ${reason}`,
			issues: [],
		};
	}
	return {
		message: `Playground does not answer at ${baseUrl}`,
		description: `Check that the daemon is running and that n8n can reach this address. In a container, localhost is the container itself. ${reason}`,
		issues: [],
	};
}

/** The error codes of a connection that the other side has closed. */
const CUT_OFF = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

function isCutOff(error: unknown): boolean {
	if (!(error instanceof Error)) return false;
	return CUT_OFF.includes((error as { code?: string }).code ?? '') || isCutOff(error.cause);
}

function reasonOf(cause: unknown): string {
	if (!(cause instanceof Error)) return '';
	const root = cause.cause instanceof Error ? cause.cause : cause;
	const { code } = root as { code?: unknown };
	const { message } = root;
	return typeof code === 'string' && !message.includes(code)
		? `(${code}: ${message})`
		: `(${message})`;
}

/** Returns null if the answer is a success. */
export function findAnswerFault(baseUrl: string, answer: Answer): Fault | null {
	const { status, body } = answer;
	if (status === 204 || (status >= 200 && status < 300 && isJsonObject(body))) return null;
	const problem = status >= 400 ? toProblem(body) : null;
	if (problem === null && status === 413) return proxyLimit(baseUrl);
	if (problem === null) return notPlayground(baseUrl, answer);
	const issues = problem.issues ?? [];
	const httpCode = String(status);
	if (status === 401) {
		return {
			message: `The Playground at ${baseUrl} refused the token`,
			description:
				'The Token must be the one that the daemon printed on its first start, the value of PLAYGROUND_TOKEN, or a token from `playground-runner tokens add`.',
			httpCode,
			issues,
		};
	}
	if (problem.code === 'WEBHOOK_UNREACHABLE') {
		return {
			message: `Playground cannot call n8n back: ${problem.detail}`,
			description: SET_WEBHOOK_URL,
			httpCode,
			issues,
		};
	}
	return {
		message: problem.code === 'BODY_TOO_LARGE' ? `${problem.detail} ${LESS_DATA}` : problem.detail,
		description: [...issues.map(({ path, message }) => `${path} ${message}`), problem.code].join(
			'\n',
		),
		httpCode,
		issues,
	};
}

const SET_WEBHOOK_URL =
	'Set the environment variable N8N_WEBHOOK_URL of n8n (WEBHOOK_URL in older versions) to a URL at which the daemon reaches n8n, and restart n8n. In a container, localhost is the container itself.';

/** Run Job splits a batch that is too large, so that this is the data of one item. */
const LESS_DATA =
	'This is the data of one item. Pass less data in it, such as the URL of a file, or raise PLAYGROUND_BODY_LIMIT.';

function isJsonObject(body: unknown): boolean {
	return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function proxyLimit(baseUrl: string): Fault {
	return {
		message: `A proxy at ${baseUrl} refused a request to Playground for its size`,
		description: `${LESS_DATA.replace('PLAYGROUND_BODY_LIMIT', 'the limit of the proxy')} For nginx, that is client_max_body_size.`,
		httpCode: '413',
		issues: [],
	};
}

function notPlayground(baseUrl: string, { status, body }: Answer): Fault {
	return {
		message: `The service at ${baseUrl} is not Playground`,
		description: `It answered ${status} with ${describeBody(body)}. The Base URL must be the address of the daemon, such as http://127.0.0.1:8787.`,
		httpCode: String(status),
		issues: [],
	};
}

function describeBody(body: unknown): string {
	if (typeof body !== 'string') return 'other JSON';
	const start = body.trim().slice(0, 60).replace(/\s+/g, ' ');
	return start === '' ? 'an empty body' : `"${start}"`;
}

function toProblem(body: unknown): Problem | null {
	const problem = parseIfText(body) as Partial<Problem> | null;
	return typeof problem?.code === 'string' && typeof problem.detail === 'string'
		? (problem as Problem)
		: null;
}

/** n8n gives `application/problem+json` as text. */
function parseIfText(body: unknown): unknown {
	if (typeof body !== 'string') return body;
	try {
		return JSON.parse(body);
	} catch {
		return null;
	}
}
