import { setTimeout as sleep } from "node:timers/promises";
import type { IdParams } from "../../http/contract/fields.ts";
import type { RouteContract } from "../../http/contract/route-contract.ts";
import { CommandFailed } from "../command-failed.ts";
import type { Client } from "./client.ts";
import { readFrames, type Frame } from "./read-frames.ts";

const NO_CONTENT = 204;
const RECONNECT_MS = 1000;
/** The daemon can be restarting. */
const MAX_FAILURES_IN_ROW = 60;

/**
 * Reads a stream of events to its end, and connects again after the last event when it is cut. The
 * daemon answers 204 when there is nothing after it.
 */
export async function followStream(
  client: Client,
  {
    route,
    id,
    onFrame,
    signal,
  }: {
    readonly route: RouteContract & { readonly params: typeof IdParams };
    readonly id: string;
    readonly onFrame: (frame: Frame) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  let lastId: string | null = null;
  let failuresInRow = 0;
  while (!signal.aborted) {
    try {
      const response: Response = await client.open(route, {
        params: { id },
        headers: {
          accept: "text/event-stream",
          ...(lastId !== null && { "last-event-id": lastId }),
        },
        signal,
      });
      if (response.status === NO_CONTENT) return;
      failuresInRow = 0;
      for await (const frame of readFrames(response)) {
        lastId = frame.id ?? lastId;
        onFrame(frame);
      }
    } catch (error) {
      if (signal.aborted) return;
      // A refusal is final. Anything else is a cut connection.
      const isFinal = error instanceof CommandFailed && error.exitCode !== 3;
      failuresInRow += 1;
      if (isFinal || failuresInRow >= MAX_FAILURES_IN_ROW) throw error;
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => {});
    }
  }
}
