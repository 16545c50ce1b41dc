import type { Answer } from "../domain/delivery.ts";

export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Sender {
  /**
   * Posts once; never follows a redirect, never rejects. `failed` covers all that is not an answer.
   * An aborted signal gives `failed` with code `ABORTED`: that is not an attempt.
   */
  send(outgoing: Outgoing): Promise<Answer>;
  close(): Promise<void>;
}
