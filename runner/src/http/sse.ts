/** A job's events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { hasEnded } from "../domain/job.ts";
import type { JobEvent } from "../domain/event.ts";
import type { Engine } from "../engine/engine.ts";
import type { StepProgress } from "../ports/job-signal.ts";
import type { StoredJob } from "../ports/store/jobs.ts";
import type { Store } from "../ports/store/store.ts";
import { createWakeSignal } from "../system/wake-signal.ts";
import { HEARTBEAT, HEARTBEAT_MS, RECONNECT, toFrame, type OpenStream } from "./streams.ts";
import { eventText } from "./views/event.ts";
import { progressText } from "./views/job.ts";

type Position = Pick<StoredJob, "status" | "sequence">;

export interface EventStream extends OpenStream {
  readonly jobId: string;
  /** The job when the stream was requested. */
  readonly job: Position;
  /** The sequence of the last event that the client has seen. */
  readonly after: number;
}

interface Deps {
  readonly engine: Pick<Engine, "listen" | "stepProgress">;
  readonly reads: Pick<Store, "events">;
}

/** Returns whether the job has ended and the client has seen its last event. */
export function isSpent(job: Position, after: number): boolean {
  return hasEnded(job.status) && after >= job.sequence;
}

/**
 * Yields the stream's text as the client reads it. The events of a slow client wait in the store, and
 * other clients are not delayed.
 */
export async function* streamEvents(stream: EventStream, deps: Deps): AsyncGenerator<string> {
  const { jobId, job, signal } = stream;
  // A sequence that the job has not reached yet would suppress its next events.
  let after = Math.min(stream.after, job.sequence);
  const { wake, wait } = createWakeSignal();
  let progress = hasEnded(job.status) ? null : deps.engine.stepProgress(jobId);
  const takeProgress = (): StepProgress | null => {
    const taken = progress;
    progress = null;
    return taken;
  };
  const stopListening = deps.engine.listen(jobId, (signalled) => {
    if (signalled.kind === "logged") return;
    // Only the newest progress is sent, and none for a step that has ended.
    progress = signalled.kind === "step-progress" ? signalled.progress : null;
    wake();
  });
  signal.addEventListener("abort", wake, { once: true });
  try {
    yield RECONNECT;
    while (!signal.aborted && stream.isAllowed()) {
      // One at a time, because each can have 1 MiB and wait for its reader.
      const [event] = await deps.reads.events(jobId, { after, limit: 1 });
      if (event !== undefined) {
        // The client connects again, with the id of the last event.
        const text = eventText(jobId, event);
        if (!stream.hasRoomFor(text.length)) return;
        yield toFrame(event.kind, text, event.sequence);
        after = event.sequence;
        if (isLast(event, job)) return;
        continue;
      }
      stream.hasRoomFor(0);
      const newest = takeProgress();
      if (newest !== null) yield toFrame("step-progress", progressText(newest));
      if (!(await wait(HEARTBEAT_MS))) yield HEARTBEAT;
    }
  } finally {
    signal.removeEventListener("abort", wake);
    stopListening();
  }
}

/** Returns whether the event ends the job. The `failed` event before a retry does not. */
function isLast(event: JobEvent, job: Position): boolean {
  const isEnd = event.kind === "completed" || event.kind === "failed";
  return isEnd && (hasEnded(job.status) || event.sequence > job.sequence);
}
