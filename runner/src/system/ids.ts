import { randomBytes, randomFillSync } from "node:crypto";
import type { Ids } from "../ports/ids.ts";

/** Crockford's base 32 in lower case. It sorts as text and has no letters that look like digits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
/** How many ids one fill of random bytes is enough for. */
const POOLED = 256;

/** Creates ids in the layout of ULID: 48 bits of time and 80 random bits. */
export function createIds(now: () => number): Ids {
  const pool = Buffer.alloc(RANDOM_LENGTH * POOLED);
  let used = pool.length;

  function randomText(): string {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    let text = "";
    for (const end = used + RANDOM_LENGTH; used < end; used += 1) {
      text += ALPHABET[(pool[used] ?? 0) & 31];
    }
    return text;
  }

  function timeText(): string {
    let rest = now();
    let text = "";
    for (let i = 0; i < TIME_LENGTH; i += 1) {
      text = ALPHABET[rest % 32] + text;
      rest = Math.floor(rest / 32);
    }
    return text;
  }

  return {
    newId: (prefix) => `${prefix}_${timeText()}${randomText()}`,
    randomBytes: (count) => randomBytes(count),
    random: () => Math.random(),
  };
}
