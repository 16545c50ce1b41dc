/** Makes the table in docs/explanation/performance.md. Publish only figures from an idle machine. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare, EXPECTED_WORDS, toTable } from './support/compare.mts';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import { client, n8n } from './support/world.mts';

let daemon: DaemonProcess;

beforeAll(async () => {
	daemon = await startDaemonProcess({ PLAYGROUND_THREADS: '2' });
}, 600_000);
afterAll(() => daemon?.remove());

test('each way does the same work and reports it', async () => {
	const executions = 100;
	const figures = await compare({ client, n8n, daemon, executions });
	console.log(`${executions} times each:\n\n${toTable(figures)}`);
	for (const { reported } of figures) {
		expect(reported).toEqual(Array.from({ length: executions }, () => EXPECTED_WORDS));
	}
	const [alone, waiting, , direct] = figures;
	expect(direct?.n8nCpuMs).toBeLessThan((alone?.n8nCpuMs as number) / 10);
	expect(direct?.perSecond).toBeGreaterThan(waiting?.perSecond as number);
}, 600_000);
