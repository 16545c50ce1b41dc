import { ApiError, apiUrl, send } from "../api/request.ts";
import { readEvents, type ServerEvent } from "./read-events.ts";

/** The daemon sends a comment every 15 s. A stream without anything for this long is cut. */
const SILENCE_MS = 40_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000];

const REFUSED: ReadonlySet<number> = new Set([401, 403, 404]);

interface Following {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onConnection?: (isOpen: boolean) => void;
  /** Whether the end of the stream is the end of what there is to read. */
  readonly endsForGood?: boolean;
  /** The id of the last event that is known already. */
  readonly after?: string | null;
}

/** Reads a stream until the signal, and connects again after every cut, from the last event seen. */
export async function follow(following: Following): Promise<void> {
  const { signal, onEvent, onConnection, endsForGood = false } = following;
  let lastId = following.after ?? null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await readOnce(following, lastId, (event) => {
        failures = 0;
        lastId = event.id ?? lastId;
        onEvent(event);
      });
      if (endsForGood) return;
    } catch (error) {
      // What does not exist, or may not be read, will not appear.
      if (endsForGood && error instanceof ApiError && REFUSED.has(error.status)) return;
    }
    if (signal.aborted) return;
    onConnection?.(false);
    await sleep(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 0, signal);
  }
}

async function readOnce(
  { path, signal, onConnection }: Following,
  lastId: string | null,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE_MS);
  const onBytes = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENCE_MS);
  };
  try {
    const response = await send(apiUrl(path), {
      headers: {
        accept: "text/event-stream",
        ...(lastId === null ? {} : { "last-event-id": lastId }),
      },
      signal: AbortSignal.any([signal, silent.signal]),
    });
    if (response.body === null || response.status === 204) return;
    onConnection?.(true);
    for await (const event of readEvents(response.body, onBytes)) onEvent(event);
  } finally {
    clearTimeout(timer);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
