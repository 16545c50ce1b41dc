import type { Answer } from "../domain/delivery.ts";

export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Ends it only if it still waits for a connection. */
  readonly recall?: AbortSignal;
}

export interface Sender {
  /**
   * Posts once; never follows a redirect, never rejects. `failed` covers all that is not an answer.
   * What one of the signals ended gives `failed` with code `ABORTED`: that is not an attempt.
   */
  send(outgoing: Outgoing): Promise<Answer>;
  close(): Promise<void>;
}
