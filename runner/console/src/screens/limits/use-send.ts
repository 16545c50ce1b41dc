import { useState } from "preact/hooks";
import { ApiError } from "../../api/request.ts";
import type { Problem } from "../../api/schema.ts";

type Issues = Problem["issues"];

interface Sending {
  readonly isSending: boolean;
  /** What is wrong with the field, in words that follow its name. */
  readonly errorOf: (path: string) => string | null;
  /** What is wrong with no field that the form has. */
  readonly error: string | null;
  /** Sends unless there are issues. Does `done` when the daemon has accepted it. */
  readonly send: (issues: Issues, run: () => Promise<unknown>, done: () => void) => Promise<void>;
}

/** Sends a form whose fields have the paths of the request's body. */
export function useSend(fields: readonly string[]): Sending {
  const [isSending, setSending] = useState(false);
  const [issues, setIssues] = useState<Issues>([]);
  const [error, setError] = useState<string | null>(null);

  const send: Sending["send"] = async (found, run, done) => {
    setIssues(found);
    setError(null);
    if (found.length > 0) return;
    setSending(true);
    try {
      await run();
      done();
    } catch (reason) {
      const refused = reason instanceof ApiError ? reason.issues : [];
      const known = refused.filter(({ path }) => fields.includes(path));
      setIssues(known);
      if (known.length === 0) setError(reason instanceof Error ? reason.message : String(reason));
    } finally {
      setSending(false);
    }
  };
  return {
    isSending,
    error,
    send,
    errorOf: (path) => issues.find((issue) => issue.path === path)?.message ?? null,
  };
}
