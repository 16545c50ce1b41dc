/** What is wrong when the daemon does not answer as it should, in words for the person at n8n. */
export interface Fault {
	message: string;
	description: string;
	/** Missing when there was no answer. */
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

/** The daemon did not answer at all. */
export function unreachable(baseUrl: string, cause: unknown): Fault {
	return {
		message: `No Playground answers at ${baseUrl}`,
		description: `Is the daemon running, and can n8n reach it there? In a container, localhost is the container itself. ${reasonOf(cause)}`,
		issues: [],
	};
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

/** Null when the answer is one that the daemon gives to a request it took. */
export function findAnswerFault(baseUrl: string, answer: Answer): Fault | null {
	const { status, body } = answer;
	if (status === 204 || (status >= 200 && status < 300 && isJsonObject(body))) return null;
	const problem = status >= 400 ? toProblem(body) : null;
	if (problem === null) return notPlayground(baseUrl, answer);
	const issues = problem.issues ?? [];
	const httpCode = String(status);
	if (status === 401) {
		return {
			message: `The Playground at ${baseUrl} refuses the token`,
			description:
				'The Token must be PLAYGROUND_TOKEN, what the daemon printed on its first start, or one that `playground-runner tokens add` made.',
			httpCode,
			issues,
		};
	}
	return {
		message: isBatchTooLarge(problem) ? `${problem.detail} ${FEWER_ITEMS}` : problem.detail,
		description: [...issues.map(({ path, message }) => `${path} ${message}`), problem.code].join(
			'\n',
		),
		httpCode,
		issues,
	};
}

const FEWER_ITEMS = 'Loop Over Items hands this node fewer items at a time.';

/** Too many items, or too much in all of them together. */
function isBatchTooLarge({ code, issues = [] }: Problem): boolean {
	return code === 'BODY_TOO_LARGE' || issues.some(({ path }) => path === '/jobs');
}

function isJsonObject(body: unknown): boolean {
	return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function notPlayground(baseUrl: string, { status, body }: Answer): Fault {
	return {
		message: `What answers at ${baseUrl} is not a Playground`,
		description: `It answered ${status} with ${describeBody(body)}. The Base URL must be the daemon's own address, such as http://127.0.0.1:8787.`,
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

/** n8n hands `application/problem+json` over as text. */
function parseIfText(body: unknown): unknown {
	if (typeof body !== 'string') return body;
	try {
		return JSON.parse(body);
	} catch {
		return null;
	}
}
