import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.mts';
import { whenThisProcessEnds } from './when-this-process-ends.mts';

const MAIN = path.resolve(import.meta.dirname, '../../../../runner/src/main.ts');
const PLUGINS = path.resolve(import.meta.dirname, '../plugins');
const READY_WITHIN_MS = 60_000;

/** The real daemon, with its own data folder. */
export interface DaemonProcess {
	readonly baseUrl: string;
	readonly token: string;
	readonly pid: () => number;
	output(): string;
	/** Creates a token with one scope. */
	addToken(scope: 'read' | 'run'): Promise<string>;
	/** Calls its API. Throws if the daemon refuses the request. */
	call(method: string, path: string, body?: unknown): Promise<any>;
	/** Kills it, like a crash. */
	kill(): Promise<void>;
	/** Starts it again with the same data. */
	start(): Promise<void>;
	/** Kills it and removes its data. */
	remove(): Promise<void>;
}

export async function startDaemonProcess(
	settings: Record<string, string> = {},
): Promise<DaemonProcess> {
	const folder = mkdtempSync(path.join(tmpdir(), 'playground-daemon-'));
	const token = 'a-token-for-tests-only';
	const port = String(await freePort());
	const baseUrl = `http://127.0.0.1:${port}`;
	let output = '';
	let running: ChildProcess | null = null;
	whenThisProcessEnds(() => {
		running?.kill('SIGKILL');
		rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
	});

	const env = {
		PATH: process.env.PATH,
		PLAYGROUND_PORT: port,
		PLAYGROUND_TOKEN: token,
		PLAYGROUND_DATA_DIR: path.join(folder, 'data'),
		PLAYGROUND_PLUGINS_DIR: PLUGINS,
		// Waiting jobs of one test must not block those of another.
		PLAYGROUND_THREADS: '12',
		...settings,
	};

	async function start(): Promise<void> {
		const child = spawn(process.execPath, [MAIN], {
			cwd: folder,
			env,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		running = child;
		const begunAt = output.length;
		await new Promise<void>((resolve, reject) => {
			const fail = (reason: string) =>
				reject(new Error(`The daemon ${reason}. It wrote:\n${output.slice(begunAt)}`));
			const deadline = setTimeout(() => fail('is not ready in time'), READY_WITHIN_MS);
			child.once('exit', (code) => {
				clearTimeout(deadline);
				fail(`ended with code ${code}`);
			});
			const read = (chunk: Buffer) => {
				output += chunk.toString();
				if (!output.slice(begunAt).includes(`listening on ${baseUrl}`)) return;
				clearTimeout(deadline);
				resolve();
			};
			child.stdout?.on('data', read);
			child.stderr?.on('data', read);
		});
	}

	async function kill(): Promise<void> {
		const child = running;
		running = null;
		if (child === null || child.exitCode !== null || child.signalCode !== null) return;
		child.kill('SIGKILL');
		await once(child, 'exit');
	}

	await start();
	return {
		baseUrl,
		token,
		pid: () => running?.pid ?? 0,
		call: async (method, route, body) => {
			const response = await fetch(baseUrl + route, {
				method,
				headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
				body: body === undefined ? undefined : JSON.stringify(body),
			});
			const text = await response.text();
			if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
			return text === '' ? undefined : JSON.parse(text);
		},
		output: () => output,
		addToken: async (scope) => {
			const args = [MAIN, 'tokens', 'add', scope, '--scope', scope];
			return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
		},
		kill,
		start,
		remove: async () => {
			await kill();
			rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
		},
	};
}
