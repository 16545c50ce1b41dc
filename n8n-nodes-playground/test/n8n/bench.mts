/**
 * Prints the table of docs/explanation/performance.md. Usage: npm run bench:n8n, on Linux, on a
 * machine with no other work.
 */
import { compare, toTable } from './support/compare.mts';
import { startDaemonProcess } from './support/daemon-process.mts';
import { createN8nClient, signIn } from './support/n8n-client.mts';
import { createN8nHome, n8nAt } from './support/n8n-process.mts';

const EXECUTIONS = 200;

const home = await createN8nHome();
const n8n = n8nAt(home);
const daemon = await startDaemonProcess({ PLAYGROUND_THREADS: '2' });
try {
	await n8n.start();
	const client = createN8nClient(home.baseUrl, await signIn(home.baseUrl));
	console.log(toTable(await compare({ client, n8n, daemon, executions: EXECUTIONS })));
} finally {
	await Promise.all([n8n.remove(), daemon.remove()]);
}
