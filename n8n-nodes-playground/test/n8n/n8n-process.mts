import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installN8n } from './install.mts';

const PACKAGE = path.resolve(import.meta.dirname, '../..');
const READY_WITHIN_MS = 180_000;

export interface N8nProcess {
	readonly baseUrl: string;
	/** All that n8n has written so far, restarts included. */
	output(): string;
	/** Ends it as a crash would. */
	kill(): Promise<void>;
	/** Starts it again, on the same port with the same data. */
	start(): Promise<void>;
	/** Ends it and removes its data. */
	remove(): Promise<void>;
	/** Runs one of n8n's commands on the same data; resolves to what it wrote. */
	command(args: string[]): Promise<string>;
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, 'close');
	return port;
}

/** As n8n installs a community node; with what `files` in package.json would publish. */
function addPackage(home: string): void {
	const target = path.join(home, '.n8n/nodes/node_modules/n8n-nodes-playground');
	mkdirSync(target, { recursive: true });
	for (const entry of ['package.json', 'dist']) {
		cpSync(path.join(PACKAGE, entry), path.join(target, entry), { recursive: true });
	}
}

async function environment(home: string, port: number): Promise<NodeJS.ProcessEnv> {
	return {
		PATH: [path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
		HOME: home,
		N8N_USER_FOLDER: home,
		N8N_PORT: String(port),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
		N8N_EDITOR_BASE_URL: `http://127.0.0.1:${port}/`,
		N8N_RUNNERS_BROKER_PORT: String(await freePort()),
		N8N_ENCRYPTION_KEY: 'a key for tests only',
		N8N_SECURE_COOKIE: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		// They ask servers on the internet.
		N8N_DISABLED_MODULES: 'mcp-registry',
		N8N_LOG_LEVEL: 'info',
	};
}

/** A real n8n with the built package, on a free port, in a folder of its own. */
export async function startN8n(extraEnv: NodeJS.ProcessEnv = {}): Promise<N8nProcess> {
	const n8n = installN8n();
	const home = mkdtempSync(path.join(tmpdir(), 'playground-n8n-'));
	addPackage(home);
	const port = await freePort();
	const env = { ...(await environment(home, port)), ...extraEnv };
	const baseUrl = `http://127.0.0.1:${port}`;
	let output = '';
	let running: ChildProcess | null = null;

	function launch(args: string[]): ChildProcess {
		return spawn(process.execPath, [n8n, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
	}

	async function start(): Promise<void> {
		const child = launch(['start']);
		running = child;
		const append = (chunk: Buffer) => (output += chunk.toString());
		child.stdout?.on('data', append);
		child.stderr?.on('data', append);
		const deadline = Date.now() + READY_WITHIN_MS;
		while (!(await isReady(baseUrl))) {
			if (child.exitCode !== null || Date.now() > deadline) {
				throw new Error(`n8n is not ready (exit code ${child.exitCode}). It wrote:\n${output}`);
			}
			await sleep(250);
		}
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
		output: () => output,
		start,
		kill,
		remove: async () => {
			await kill();
			rmSync(home, { recursive: true, force: true, maxRetries: 5 });
		},
		command: async (args) => {
			const child = launch(args);
			let written = '';
			child.stdout?.on('data', (chunk: Buffer) => (written += chunk.toString()));
			child.stderr?.on('data', (chunk: Buffer) => (written += chunk.toString()));
			await once(child, 'close');
			return written;
		},
	};
}

async function isReady(baseUrl: string): Promise<boolean> {
	try {
		const [health, settings] = await Promise.all([
			fetch(`${baseUrl}/healthz/readiness`),
			fetch(`${baseUrl}/rest/settings`),
		]);
		return health.ok && settings.ok;
	} catch {
		return false;
	}
}
