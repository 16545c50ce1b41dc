import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until.mts';

type Outcome = { output: unknown } | { error: string };

/** Jobs of the plugin `gate` wait here. The input names the gate's URL, and the test sets the outcome. */
export interface Gates {
	url(name: string): string;
	/** Ends the jobs that wait at the gate, or the next one to arrive. */
	open(name: string, output: unknown): void;
	fail(name: string, error: string): void;
	/** How many jobs have arrived at the gate. */
	arrivals(name: string): number;
	untilArrived(name: string): Promise<void>;
	close(): Promise<void>;
}

interface Gate {
	arrivals: number;
	waiting: ServerResponse[];
	/** Outcomes for jobs that have not arrived yet, one each. */
	outcomes: Outcome[];
}

export async function startGates(): Promise<Gates> {
	const gates = new Map<string, Gate>();

	function gateAt(name: string): Gate {
		const gate = gates.get(name) ?? { arrivals: 0, waiting: [], outcomes: [] };
		gates.set(name, gate);
		return gate;
	}

	function settle(name: string, outcome: Outcome): void {
		const gate = gateAt(name);
		if (gate.waiting.length === 0) gate.outcomes.push(outcome);
		for (const response of gate.waiting.splice(0)) answer(response, outcome);
	}

	const server = createServer((request, response) => {
		const gate = gateAt(decodeURIComponent((request.url ?? '/').slice(1)));
		gate.arrivals++;
		const outcome = gate.outcomes.shift();
		if (outcome) answer(response, outcome);
		else gate.waiting.push(response);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;

	return {
		url: (name) => `http://127.0.0.1:${port}/${encodeURIComponent(name)}`,
		open: (name, output) => settle(name, { output }),
		fail: (name, error) => settle(name, { error }),
		arrivals: (name) => gateAt(name).arrivals,
		untilArrived: async (name) => {
			await until(`a job is at the gate ${name}`, async () => gateAt(name).arrivals > 0);
		},
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function answer(response: ServerResponse, outcome: Outcome): void {
	const fails = 'error' in outcome;
	response.writeHead(fails ? 500 : 200);
	response.end(fails ? outcome.error : JSON.stringify(outcome.output));
}
