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
  message: "nobody listens",
};

export interface Sent {
  readonly outgoing: Outgoing;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it freely
  readonly event: any;
  readonly at: number;
}

export interface ScriptedSender extends Sender {
  /** Every attempt, in the order made. */
  readonly sent: readonly Sent[];
  /** Attempts that wait for their answer. */
  inFlight(): number;
}

/** A sender whose answers the test gives; one that does not come is cut off by the signal. */
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
      const one = { outgoing, event: JSON.parse(outgoing.body) as unknown, at: options.now() };
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
