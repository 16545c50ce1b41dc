import { randomBytes, randomFillSync } from "node:crypto";
import type { Ids } from "../ports/ids.ts";

/** Crockford's base 32 in lower case: sorts as text, and has no letter that reads as a digit. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
/** Ids made from one fill of random bytes. */
const POOLED = 256;

/** Ids as in ULID: 48 bits of time, 80 random bits. */
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
