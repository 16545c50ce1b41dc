import { setTimeout as sleep } from 'node:timers/promises';

/** Long, because the machine may be busy. */
export const WITHIN_MS = 120_000;
const PAUSE_MS = 150;

/** Calls `ask` until it returns something other than null, false or undefined, and returns that. */
export async function until<T>(
	what: string,
	ask: () => Promise<T | null | false | undefined>,
	withinMs = WITHIN_MS,
): Promise<T> {
	const deadline = Date.now() + withinMs;
	for (;;) {
		const answer = await ask();
		if (answer !== null && answer !== false && answer !== undefined) return answer;
		if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
		await sleep(PAUSE_MS);
	}
}
