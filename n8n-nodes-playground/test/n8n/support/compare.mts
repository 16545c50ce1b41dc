/**
 * Does the same work in several ways: by n8n alone, by n8n with Run Job, and without n8n. The work is
 * to count the words of 9 kB of text and report the count to an endpoint.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpuSecondsOf, cpuSecondsOfGroup } from './cpu.mts';
import type { DaemonProcess } from './daemon-process.mts';
import type { N8nClient, Workflow } from './n8n-client.mts';
import type { N8nProcess } from './n8n-process.mts';
import { until } from './until.mts';
import { chain, code, httpRequest, runJob, webhook } from './workflows.mts';

const WORD = 'playground ';
export const TEXT = WORD.repeat(Math.ceil((9 * 1024) / WORD.length));
const WORDS = TEXT.trim().split(/\s+/).length;
const AT_ONCE = 10;
const WARM_UP = 20;

export interface Figure {
	way: string;
	perSecond: number;
	n8nCpuMs: number;
	daemonCpuMs: number;
	/** The number of words in each report. */
	reported: number[];
}

interface World {
	client: N8nClient;
	n8n: N8nProcess;
	daemon: DaemonProcess;
	/** At most 250, because n8n lists no more at once. */
	executions: number;
}

export async function compare({ client, n8n, daemon, executions }: World): Promise<Figure[]> {
	const endpoint = await startEndpoint();
	const { baseUrl, token } = daemon;
	const credential = await client.createCredential({ baseUrl, token });
	const report = { url: endpoint.url, on: ['completed'], retries: 5 };
	const input = '{ text: $json.body.text }';
	const options = { webhook: { target: report } };

	async function measure(way: string, act: () => Promise<void>, settled = async () => {}) {
		await drive(WARM_UP, act);
		await endpoint.until(WARM_UP);
		await settled();
		endpoint.clear();
		const before = [cpuSecondsOfGroup(n8n.groupId()), cpuSecondsOf(daemon.pid())] as const;
		const begunAt = performance.now();
		await drive(executions, act);
		const endedAt = await endpoint.until(executions);
		await settled();
		const perExecutionMs = (now: number, then: number) => ((now - then) * 1000) / executions;
		const figure = {
			way,
			perSecond: executions / ((endedAt - begunAt) / 1000),
			n8nCpuMs: perExecutionMs(cpuSecondsOfGroup(n8n.groupId()), before[0]),
			daemonCpuMs: perExecutionMs(cpuSecondsOf(daemon.pid()), before[1]),
			reported: endpoint.words(),
		};
		endpoint.clear();
		return figure;
	}

	async function measureWorkflow(way: string, path: string, ...rest: Workflow['nodes']) {
		const nodes = [webhook(path), ...rest] as Parameters<typeof chain>[1][];
		const workflowId = await client.createWorkflow(chain(way, ...nodes));
		await client.publish(workflowId);
		let ended = 0;
		const figure = await measure(
			way,
			() => post(`${n8n.baseUrl}/webhook/${path}`, { text: TEXT }),
			async () => {
				ended = ended === 0 ? WARM_UP : WARM_UP + executions;
				await until('n8n has saved what it ran', async () => {
					const list = `/executions?workflowId=${workflowId}&status=success&limit=250`;
					return (await client.api('GET', list)).data.length >= Math.min(ended, 250);
				});
			},
		);
		await client.unpublish(workflowId);
		return figure;
	}

	try {
		return [
			await measureWorkflow(
				'`Webhook → Code → HTTP Request`',
				'alone',
				code('Count', COUNT_WORDS),
				httpRequest('Report', endpoint.url),
			),
			await measureWorkflow(
				'`Webhook → Run Job`, waiting',
				'waiting',
				runJob({ credential, plugin: 'word-count', input, options }),
			),
			await measureWorkflow(
				'`Webhook → Run Job`, without waiting',
				'handing-over',
				runJob({ credential, plugin: 'word-count', input, options, operation: 'start' }),
			),
			await measure('a job, without n8n', async () => {
				const job = { plugins: ['word-count'], input: { text: TEXT }, webhook: report };
				await daemon.call('POST', '/v1/jobs', job);
			}),
		];
	} finally {
		await endpoint.close();
	}
}

const COUNT_WORDS = `const { text } = $input.first().json.body;
const words = text.split(/\\s+/).filter(Boolean);
return [{ json: { words: words.length, distinct: new Set(words).size } }];`;

/** Runs `act` this many times, some of them in parallel. */
async function drive(count: number, act: () => Promise<void>): Promise<void> {
	let left = count;
	const work = async () => {
		while (left-- > 0) await act();
	};
	await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function post(url: string, body: unknown): Promise<void> {
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
}

/** Receives reports: the number of words, or a job's `completed` event with it. */
async function startEndpoint() {
	const words: number[] = [];
	let lastAt = 0;
	const server = createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const report = JSON.parse(Buffer.concat(chunks).toString());
		words.push(report.words ?? report.result.output.words);
		lastAt = performance.now();
		response.end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}/report`,
		words: () => [...words],
		clear: () => void words.splice(0),
		/** When the last of this number of reports arrived. */
		until: async (count: number) => {
			await until(`${count} reports have come`, async () => words.length >= count);
			return lastAt;
		},
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

export function toTable(figures: Figure[]): string {
	const rows = figures.map(({ way, perSecond, n8nCpuMs, daemonCpuMs }) => [
		way,
		perSecond.toFixed(perSecond < 100 ? 1 : 0),
		n8nCpuMs.toFixed(1),
		daemonCpuMs.toFixed(1),
	]);
	const head = ['', 'a second', "n8n's processor time, ms each", "the daemon's, ms each"];
	const lines = [head, ['---', '---:', '---:', '---:'], ...rows];
	return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export const EXPECTED_WORDS = WORDS;
