import { sleep, type IExecuteFunctions } from 'n8n-workflow';

/** The most that the daemon allows for one request. */
const WAIT_SECONDS = 60;
/** The pause between reads if the daemon does not wait, because it is busy or older than the node. */
const PAUSE_MS = 2_000;

interface Wait<T> {
	/** Asks the daemon to wait for the end, and returns the present state. */
	read: (waitSeconds: number) => Promise<T>;
	hasEnded: (read: T) => boolean;
	/** A time in ms since the epoch, or Infinity. */
	until: number;
}

/** Waits within the execution until the end or the deadline. Returns what was read last. */
export async function awaitEnd<T extends { waited?: boolean }>(
	context: IExecuteFunctions,
	{ read, hasEnded, until }: Wait<T>,
): Promise<T> {
	const stopped = context.getExecutionCancelSignal();
	for (;;) {
		const leftMs = Math.max(0, until - Date.now());
		const seconds = Math.ceil(Math.min(WAIT_SECONDS, leftMs / 1000));
		const latest = await read(seconds);
		if (hasEnded(latest) || Date.now() >= until) return latest;
		stopped?.throwIfAborted();
		if (!latest.waited) await sleep(Math.min(PAUSE_MS, leftMs));
	}
}

/** The time at which a wait that begins now ends, in ms since the epoch. */
export function deadlineAt(minutes: number | undefined): number {
	return minutes ? Date.now() + minutes * 60_000 : Infinity;
}
