const acts: Array<() => void> = [];

function actAll(): void {
	for (const act of acts.splice(0)) act();
}

/** Runs `act` at the end of this process, also after a signal. `act` must be synchronous. */
export function whenThisProcessEnds(act: () => void): void {
	acts.push(act);
	if (acts.length > 1) return;
	process.once('exit', actAll);
	for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
		process.once(signal, () => {
			actAll();
			process.kill(process.pid, signal);
		});
	}
}
