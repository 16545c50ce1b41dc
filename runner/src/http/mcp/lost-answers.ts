/**
 * Remembers jobs whose client disconnected before it had the result. Such a client calls the tool
 * again with the same arguments, and must find its job and not start a second one.
 */
import { createHash } from "node:crypto";

const REMEMBERED_MS = 10 * 60_000;
const MOST = 1_000;

export interface LostAnswers {
  remember(call: LostCall, jobId: string): void;
  /** Returns the job of the same call, once. */
  take(call: LostCall): string | null;
}

export interface LostCall {
  /** The name of the token. */
  readonly caller: string | null;
  readonly tool: string;
  readonly given: unknown;
}

export function createLostAnswers(now: () => number): LostAnswers {
  const jobs = new Map<string, { readonly jobId: string; readonly at: number }>();

  function forgetOld(): void {
    for (const [key, { at }] of jobs) {
      if (jobs.size <= MOST && now() - at < REMEMBERED_MS) return;
      jobs.delete(key);
    }
  }

  return {
    remember(call, jobId) {
      const key = keyOf(call);
      jobs.delete(key);
      jobs.set(key, { jobId, at: now() });
      forgetOld();
    },
    take(call) {
      forgetOld();
      const key = keyOf(call);
      const found = jobs.get(key);
      jobs.delete(key);
      return found?.jobId ?? null;
    },
  };
}

function keyOf({ caller, tool, given }: LostCall): string {
  return createHash("sha256")
    .update(JSON.stringify([caller, tool, given]))
    .digest("base64");
}
