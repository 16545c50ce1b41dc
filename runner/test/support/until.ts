import { setTimeout as sleep } from "node:timers/promises";

/** Calls `check` repeatedly until it returns something other than null, undefined or false. */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline)
      throw new Error(`Timed out after ${timeoutMs} ms. Waited for: ${what}`);
    await sleep(5);
  }
}
