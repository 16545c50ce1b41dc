import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { LogLine } from "../../api/schema.ts";
import { follow } from "../../live/follow.ts";

/** Lines that are kept on the page. The rest is in the download. */
const MAX_LINES = 50_000;

interface LogLines {
  readonly lines: ReadonlySignal<readonly LogLine[]>;
  /** How many earlier lines are no longer kept. */
  readonly dropped: ReadonlySignal<number>;
}

/** The lines that are there and those to come, in order, until the job has ended. */
export function useLogLines(jobId: string, isEnded: boolean): LogLines {
  const lines = useSignal<readonly LogLine[]>([]);
  const dropped = useSignal(0);
  useEffect(() => {
    const ending = new AbortController();
    let waiting: LogLine[] = [];
    let frame = 0;
    // One change of the page for all lines that arrive within a frame.
    const flush = (): void => {
      frame = 0;
      const all = [...lines.peek(), ...waiting];
      waiting = [];
      const extra = Math.max(0, all.length - MAX_LINES);
      dropped.value += extra;
      lines.value = extra === 0 ? all : all.slice(extra);
    };
    void follow({
      path: `/v1/jobs/${encodeURIComponent(jobId)}/logs/stream`,
      signal: ending.signal,
      endsForGood: true,
      after: lines.peek().at(-1)?.number.toString() ?? null,
      onEvent: ({ event, data }) => {
        if (event !== "log") return;
        waiting.push(JSON.parse(data) as LogLine);
        if (frame === 0) frame = requestAnimationFrame(flush);
      },
    });
    return () => {
      ending.abort();
      cancelAnimationFrame(frame);
      flush();
    };
    // A job that runs again after it had ended has another stream, which begins after these lines.
  }, [jobId, isEnded, lines, dropped]);
  return { lines, dropped };
}
