import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that the system gives away by itself (from 32768 on Linux): while a process is
 * down, no connection and no other server gets its port.
 */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = randomInt(15_000, 32_000);
		const server = createServer().listen(port, '127.0.0.1');
		try {
			await once(server, 'listening');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
			throw error;
		}
		server.close();
		await once(server, 'close');
		return port;
	}
}
