import type { Answer } from "../../src/domain/delivery.ts";
import type { Outgoing, Sender } from "../../src/ports/sender.ts";

export function answered(
  status: number,
  fields: { retryAfter?: string; body?: string; tookMs?: number } = {},
): Answer {
  return { kind: "answered", status, retryAfter: null, body: "", tookMs: 0, ...fields };
}

export const NO_ANSWER: Answer = {
  kind: "failed",
  code: "ECONNREFUSED",
  message: "connection refused",
};

export interface Sent {
  readonly outgoing: Outgoing;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of an event
  readonly event: any;
  readonly at: number;
}

export interface ScriptedSender extends Sender {
  /** Every attempt, in order. */
  readonly sent: readonly Sent[];
  /** The number of attempts that wait for their response. */
  inFlight(): number;
}

/** A sender whose responses the test gives. The signal aborts an attempt that gets none. */
export function createScriptedSender(options: {
  now: () => number;
  answer: (sent: Sent) => Answer | Promise<Answer>;
}): ScriptedSender {
  const sent: Sent[] = [];
  let inFlight = 0;
  return {
    sent,
    inFlight: () => inFlight,
    async send(outgoing) {
      if (outgoing.maySend?.() === false) {
        return { kind: "failed", code: "ABORTED", message: "another daemon may send it" };
      }
      // A probe has no body.
      const event: unknown = outgoing.body === "" ? null : JSON.parse(outgoing.body);
      const one = { outgoing, event, at: options.now() };
      sent.push(one);
      inFlight += 1;
      const { promise: aborted, resolve } = Promise.withResolvers<Answer>();
      const onAbort = (): void =>
        resolve({ kind: "failed", code: "ABORTED", message: "the daemon is stopping" });
      if (outgoing.signal.aborted) onAbort();
      outgoing.signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await Promise.race([options.answer(one), aborted]);
      } finally {
        inFlight -= 1;
      }
    },
    close: async () => {},
  };
}
