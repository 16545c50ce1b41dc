/**
 * Decides what to do when the executors together use more memory than they are allowed to: first the
 * step that uses most of it fails, then its executor is drained, and at last it is killed. Memory
 * that native code has allocated belongs to no thread: only its executor is known.
 */
import type { Failure } from "../domain/errors.ts";
import type { MemoryReport } from "./messages.ts";

export interface MemoryUser {
  readonly executor: { memory(): MemoryReport };
  /** Whether it has one step only, which is that step's last attempt. */
  readonly isAlone: boolean;
  readonly isDraining: boolean;
  /** When memory was last taken back from it, in ms; null if that was not needed. */
  readonly actedAt: number | null;
}

export type MemoryAction<User> =
  | {
      readonly kind: "fail-step";
      readonly user: User;
      readonly run: number;
      readonly failure: Failure;
    }
  | { readonly kind: "fail-all"; readonly user: User; readonly failure: Failure }
  | { readonly kind: "drain"; readonly user: User }
  | { readonly kind: "kill"; readonly user: User };

/** A thread needs this long to end, and the system to take its memory back. */
const SETTLE_MS = 1_000;
/** A step is the cause if it uses this part of its executor's memory. */
const MAIN_PART = 0.25;
/** A draining executor is killed when the limit is exceeded by this factor. */
const HARD_FACTOR = 1.25;
const MIB = 1024 * 1024;

/** Returns null if nothing is to be done now. */
export function memoryAction<User extends MemoryUser>(
  users: readonly User[],
  limitMb: number,
  now: number,
): MemoryAction<User> | null {
  const usedMb = totalMb(users);
  const user = users.toSorted((a, b) => rssOf(b) - rssOf(a))[0];
  if (user === undefined || usedMb <= limitMb) return null;
  const { isAlone, isDraining, actedAt } = user;
  if (actedAt !== null && now - actedAt < SETTLE_MS) return null;
  const failure = outOfMemory(usedMb, limitMb);
  if (isAlone) return { kind: "fail-all", user, failure };
  const { rss, largest } = user.executor.memory();
  if (actedAt === null && largest !== null && largest.bytes > MAIN_PART * rss) {
    return { kind: "fail-step", user, run: largest.run, failure };
  }
  if (!isDraining) return { kind: "drain", user };
  return usedMb > HARD_FACTOR * limitMb ? { kind: "kill", user } : null;
}

/** The resident memory of all, in MiB. */
export function totalMb(users: Iterable<Pick<MemoryUser, "executor">>): number {
  let bytes = 0;
  for (const user of users) bytes += rssOf(user);
  return Math.round(bytes / MIB);
}

function rssOf({ executor }: Pick<MemoryUser, "executor">): number {
  return executor.memory().rss;
}

function outOfMemory(usedMb: number, limitMb: number): Failure {
  return {
    code: "OUT_OF_MEMORY",
    message: `The processes that run plugins used ${usedMb} MiB, and this step used most of it. They can use ${limitMb} MiB together (PLAYGROUND_EXECUTOR_MEMORY_MB).`,
  };
}
