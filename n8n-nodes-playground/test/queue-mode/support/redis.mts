import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from '../../n8n/support/free-port.mts';
import { until } from '../../n8n/support/until.mts';
import { whenThisProcessEnds } from '../../n8n/support/when-this-process-ends.mts';

export interface Redis {
	readonly port: number;
	stop(): Promise<void>;
}

/** Starts Debian's Redis, which keeps everything in memory. */
export async function startRedis(): Promise<Redis> {
	const port = await freePort();
	const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
	const server = spawn('redis-server', args, { stdio: 'ignore' });
	const failed = once(server, 'error').then(([error]) => {
		throw new Error(`redis-server did not start. Install Debian's package redis-server. ${error}`);
	});
	whenThisProcessEnds(() => server.kill('SIGKILL'));
	await Promise.race([until('Redis accepts connections', () => canConnect(port)), failed]);
	return {
		port,
		stop: async () => {
			const exited = once(server, 'exit');
			server.kill('SIGKILL');
			await exited;
		},
	};
}

async function canConnect(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}
