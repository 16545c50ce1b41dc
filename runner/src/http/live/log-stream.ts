import { hasEnded } from "../../domain/job.ts";
import type { Engine } from "../../engine/engine.ts";
import type { LogEntry } from "../../ports/store/logs.ts";
import type { Store } from "../../ports/store/store.ts";
import { createWakeSignal } from "../../system/wake-signal.ts";
import { HEARTBEAT, HEARTBEAT_MS, RECONNECT, toFrame, type OpenStream } from "../streams.ts";
import { logLineText } from "../views/log-line.ts";

/** Lines in one read. */
const PAGE_SIZE = 100;

export interface LogStreamDeps {
  readonly engine: Pick<Engine, "listen">;
  readonly reads: Pick<Store, "job" | "logs">;
}

/** Yields a job's log lines as they are stored, and ends after the last line of a job that has ended. */
export async function* streamLogs(
  { signal, isAllowed, hasRoomFor }: OpenStream,
  { jobId, after: first }: { readonly jobId: string; readonly after: number },
  { engine, reads }: LogStreamDeps,
): AsyncGenerator<string> {
  const { wake, wait } = createWakeSignal();
  const stopListening = engine.listen(jobId, wake);
  signal.addEventListener("abort", wake, { once: true });
  let after = first;
  try {
    yield RECONNECT;
    while (!signal.aborted && isAllowed()) {
      // Before the lines: a job's last line is stored before its end.
      const status = (await reads.job(jobId))?.status ?? null;
      const lines = await reads.logs(jobId, { after, limit: PAGE_SIZE });
      const text = lines.map(toLogFrame).join("");
      if (!hasRoomFor(text.length)) return;
      if (lines.length > 0) {
        yield text;
        after = lines.at(-1)?.number ?? after;
      } else if (status === null || hasEnded(status)) {
        yield toFrame("end", JSON.stringify({ status }));
        return;
      } else if (!(await wait(HEARTBEAT_MS))) yield HEARTBEAT;
    }
  } finally {
    signal.removeEventListener("abort", wake);
    stopListening();
  }
}

function toLogFrame(line: LogEntry): string {
  return toFrame("log", logLineText(line), line.number);
}
