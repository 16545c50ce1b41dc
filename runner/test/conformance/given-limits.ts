/** Limits for tests of stores, and jobs that have one. */
import type { DeclaredLimit } from "../../src/domain/plugin-limits.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import { newJob } from "./given.ts";

export const ONE: DeclaredLimit = { name: "site", concurrency: 1, keyConcurrency: null };
export const ONE_PER_KEY: DeclaredLimit = { name: "site", concurrency: null, keyConcurrency: 1 };
export const TWO_IN_TURN: DeclaredLimit = { name: "site", concurrency: 2, keyConcurrency: 1 };

/** A job of one step, which has the limit. */
export function limited(limit: DeclaredLimit, key = "", fields: Partial<NewJob> = {}): NewJob {
  return newJob({
    plugins: newJob().plugins.slice(0, 1),
    limits: [{ name: limit.name, key }],
    declaredLimits: [limit],
    ...fields,
  });
}
