const acts: Array<() => void> = [];

function actAll(): void {
	for (const act of acts.splice(0)) act();
}

/** `act` must be synchronous. It is also done when a signal ends this process. */
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
