/**
 * Starts n8n in queue mode, as a large installation has it: PostgreSQL, Redis, a main process for the
 * editor, a worker for all executions, and two webhook processors behind a balancer.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startCluster } from '../../../../runner/test/support/postgres/cluster.ts';
import { freePort } from '../../n8n/support/free-port.mts';
import { signIn } from '../../n8n/support/n8n-client.mts';
import { createN8nHome, isReady, type N8nHome } from '../../n8n/support/n8n-process.mts';
import { until } from '../../n8n/support/until.mts';
import { whenThisProcessEnds } from '../../n8n/support/when-this-process-ends.mts';
import { startBalancer } from './balancer.mts';
import { startRedis } from './redis.mts';

const READY_WITHIN_MS = 300_000;

declare module 'vitest' {
	interface ProvidedContext {
		/** Where the events and the callbacks of the daemon arrive. */
		webhookUrl: string;
	}
}

export default async function startFleet(project: TestProject): Promise<() => Promise<void>> {
	const ends: Array<() => Promise<unknown>> = [];
	const end = async () => {
		for (const each of ends.reverse()) await each();
	};
	try {
		await start(project, ends);
		return end;
	} catch (error) {
		await end();
		throw error;
	}
}

async function start(project: TestProject, ends: Array<() => Promise<unknown>>): Promise<void> {
	const cluster = await startCluster();
	ends.push(cluster.remove);
	const redis = await startRedis();
	ends.push(redis.stop);
	const balancer = await startBalancer();
	ends.push(balancer.close);
	const home = await createN8nHome();
	const env = {
		...home.env,
		EXECUTIONS_MODE: 'queue',
		// Webhooks are left to the processors.
		N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
		N8N_WEBHOOK_URL: `${balancer.baseUrl}/`,
		DB_TYPE: 'postgresdb',
		// A folder is the place of a Unix socket.
		DB_POSTGRESDB_HOST: new URL(cluster.url).searchParams.get('host') ?? '',
		DB_POSTGRESDB_DATABASE: 'postgres',
		DB_POSTGRESDB_USER: 'postgres',
		DB_POSTGRESDB_POOL_SIZE: '10',
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
	};
	const fleet = createFleet({ ...home, env });
	ends.push(fleet.kill);
	// The main process makes the tables.
	await fleet.start('main', ['start'], { isReady: () => isReady(home.baseUrl) });
	const session = await signIn(home.baseUrl);
	const [worker, ...processors] = await Promise.all(
		['worker', 'webhook-1', 'webhook-2'].map(async (name) => {
			const port = await freePort();
			const baseUrl = `http://127.0.0.1:${port}`;
			const args = name === 'worker' ? ['worker', '--concurrency=20'] : ['webhook'];
			await fleet.start(name, args, {
				env: { N8N_PORT: String(port), N8N_RUNNERS_BROKER_PORT: String(await freePort()) },
				isReady: async (output) =>
					name === 'worker'
						? output.includes('n8n worker is now ready')
						: await isUp(`${baseUrl}/healthz/readiness`),
			});
			return baseUrl;
		}),
	);
	if (worker === undefined) throw new Error('there is no worker');
	balancer.setTargets(processors);
	project.provide('n8nHome', home);
	project.provide('n8nSession', session);
	project.provide('webhookUrl', balancer.baseUrl);
}

interface Start {
	env?: Record<string, string>;
	isReady: (output: string) => Promise<boolean>;
}

function createFleet({ folder, command, env }: N8nHome) {
	const groups: number[] = [];
	const killAll = (): boolean => groups.map(killGroup).some(Boolean);
	whenThisProcessEnds(killAll);

	async function start(name: string, args: string[], { env: own, isReady }: Start): Promise<void> {
		const logFile = path.join(folder, `log-${name}`);
		const log = openSync(logFile, 'a');
		const child = spawn(process.execPath, [command, ...args], {
			env: { ...env, ...own },
			// Its own process group, so that its task runner is killed with it.
			detached: true,
			stdio: ['ignore', log, log],
		});
		closeSync(log);
		if (child.pid !== undefined) groups.push(child.pid);
		const output = () => readFileSync(logFile, 'utf8');
		try {
			await until(
				`n8n's ${name} is ready`,
				async () => {
					if (child.exitCode !== null) throw new Error(`n8n's ${name} has ended`);
					return await isReady(output());
				},
				READY_WITHIN_MS,
			);
		} catch (error) {
			throw new Error(`${(error as Error).message}. It wrote:\n${output()}`);
		}
	}

	return {
		start,
		kill: async () => {
			await until("n8n's processes have ended", async () => !killAll());
		},
	};
}

/** Returns false if the group has no process left. */
function killGroup(groupId: number): boolean {
	try {
		process.kill(-groupId, 'SIGKILL');
		return true;
	} catch {
		return false;
	}
}

async function isUp(url: string): Promise<boolean> {
	try {
		return (await fetch(url)).ok;
	} catch {
		return false;
	}
}
