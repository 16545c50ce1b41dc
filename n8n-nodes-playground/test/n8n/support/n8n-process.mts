import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	closeSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installN8n } from '../install.mts';
import { freePort } from './free-port.mts';
import { whenThisProcessEnds } from './when-this-process-ends.mts';

const PACKAGE = path.resolve(import.meta.dirname, '../../..');
const READY_WITHIN_MS = 180_000;

/** The settings of an n8n. This is plain data, so that it can be passed to another process. */
export interface N8nHome {
	folder: string;
	baseUrl: string;
	/** The path of n8n's command. */
	command: string;
	env: Record<string, string>;
}

/** The n8n of a home. Another process may have started it. */
export interface N8nProcess {
	readonly baseUrl: string;
	/** All output of n8n, including that before a restart. */
	output(): string;
	start(): Promise<void>;
	/** Kills it and the processes that it started, like a crash. */
	kill(): Promise<void>;
	/** Kills it and removes its data. */
	remove(): Promise<void>;
	/** Runs one of n8n's commands on the same data. Resolves to its output. */
	run(args: string[]): Promise<string>;
	/** n8n's process group, to measure its CPU time. */
	groupId(): number;
}

/** Makes a folder with the built package, and chooses free ports. It is removed with this process. */
export async function createN8nHome(): Promise<N8nHome> {
	const command = installN8n();
	const folder = mkdtempSync(path.join(tmpdir(), 'playground-n8n-'));
	addPackage(folder);
	const port = await freePort();
	const env = environment(folder, { port, brokerPort: await freePort() });
	whenThisProcessEnds(() => {
		const pidFile = path.join(folder, 'pid');
		if (existsSync(pidFile)) signalGroup(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
		rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
	});
	return { folder, baseUrl: `http://127.0.0.1:${port}`, command, env };
}

/** Installs the built package where n8n installs community nodes. */
function addPackage(folder: string): void {
	const target = path.join(folder, '.n8n/nodes/node_modules/n8n-nodes-playground');
	mkdirSync(target, { recursive: true });
	for (const entry of ['package.json', 'dist']) {
		cpSync(path.join(PACKAGE, entry), path.join(target, entry), { recursive: true });
	}
}

function environment(
	folder: string,
	{ port, brokerPort }: { port: number; brokerPort: number },
): Record<string, string> {
	return {
		PATH: [path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
		HOME: folder,
		N8N_USER_FOLDER: folder,
		N8N_PORT: String(port),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
		N8N_EDITOR_BASE_URL: `http://127.0.0.1:${port}/`,
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_ENCRYPTION_KEY: 'a key for tests only',
		N8N_SECURE_COOKIE: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		// They call servers on the internet.
		N8N_DISABLED_MODULES: 'mcp-registry',
		N8N_LOG_LEVEL: 'info',
	};
}

export function n8nAt(home: N8nHome): N8nProcess {
	const { folder, baseUrl, command, env } = home;
	const logFile = path.join(folder, 'log');
	const pidFile = path.join(folder, 'pid');

	const output = () => readFileSync(logFile, 'utf8');
	const groupId = () => Number(readFileSync(pidFile, 'utf8'));

	async function start(): Promise<void> {
		const log = openSync(logFile, 'a');
		const child = spawn(process.execPath, [command, 'start'], {
			env,
			// Its own process group, so that its task runner is killed with it.
			detached: true,
			stdio: ['ignore', log, log],
		});
		closeSync(log);
		// A test that restarts n8n must be able to end before n8n does.
		child.unref();
		writeFileSync(pidFile, String(child.pid));
		const deadline = Date.now() + READY_WITHIN_MS;
		while (!(await isReady(baseUrl))) {
			if (child.exitCode !== null || Date.now() > deadline) {
				throw new Error(`n8n is not ready (exit code ${child.exitCode}). It wrote:\n${output()}`);
			}
			await sleep(250);
		}
	}

	async function kill(): Promise<void> {
		const group = groupId();
		while (signalGroup(group, 'SIGKILL')) await sleep(50);
	}

	return {
		baseUrl,
		output,
		start,
		kill,
		groupId,
		remove: async () => {
			await kill();
			rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
		},
		run: async (args) => {
			for (let tries = 1; ; tries += 1) {
				const written = await runOnce(args);
				// Two n8n on one database disturb each other: n8n gives up when the file is locked.
				if (tries === 5 || !written.includes('SQLITE_BUSY')) return written;
			}
		},
	};

	async function runOnce(args: string[]): Promise<string> {
		const child = spawn(process.execPath, [command, ...args], {
			env: { ...env, N8N_RUNNERS_BROKER_PORT: String(await freePort()) },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		let written = '';
		child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()));
		child.stderr.on('data', (chunk: Buffer) => (written += chunk.toString()));
		await once(child, 'close');
		return written;
	}
}

/** Returns false if the group has no process left. */
function signalGroup(groupId: number, signal: 'SIGKILL'): boolean {
	try {
		process.kill(-groupId, signal);
		return true;
	} catch {
		return false;
	}
}

/** While n8n starts, it answers some requests with a text. */
export async function isReady(baseUrl: string): Promise<boolean> {
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
