/** The progress of a job's step, as notifications to the client that asked for them. */
import type { ServerContext } from "@modelcontextprotocol/server";
import type { Engine } from "../../engine/engine.ts";
import type { StepProgress } from "../../ports/job-signal.ts";

const EVERY_MS = 500;

/**
 * Sends at most two notifications a second, if the client gave a token for them. Their number grows,
 * as the protocol demands. Returns a function that ends it.
 */
export function sendProgress(
  jobId: string,
  { mcpReq: { _meta: meta, notify } }: ServerContext,
  engine: Pick<Engine, "listen">,
): () => void {
  const progressToken = meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let newest: StepProgress | null = null;
  let sent = -1;

  function send(): void {
    if (newest === null) return;
    const { fraction, message } = newest;
    newest = null;
    // Without a fraction, the message alone is news.
    const progress = fraction === null ? sent + 0.001 : fraction;
    if (progress <= sent) return;
    sent = progress;
    const params = { progressToken, progress, total: 1, ...(message !== null && { message }) };
    // The client can have disconnected.
    notify({ method: "notifications/progress", params }).catch(() => {});
  }

  const stopListening = engine.listen(jobId, (signal) => {
    if (signal.kind !== "step-progress") return;
    newest = signal.progress;
  });
  const timer = setInterval(send, EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    stopListening();
  };
}
