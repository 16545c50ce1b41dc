import type { ClientCertificate } from "../domain/client-certificate.ts";
import type { Answer } from "../domain/delivery.ts";

export interface Outgoing {
  /** `OPTIONS` asks whether the endpoint can be reached, and starts nothing there. Default: `POST`. */
  readonly method?: "POST" | "OPTIONS";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole attempt, including the response's body. */
  readonly timeoutMs: number;
  /** False accepts any certificate of the endpoint. Default: true. */
  readonly verifyTls?: boolean | undefined;
  /** For an endpoint that asks for one. Default: that of the daemon's settings. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Ends the attempt only while it is waiting for a connection. */
  readonly recall?: AbortSignal;
  /** Asked when the request has a connection, before anything is written. False ends the attempt. */
  readonly maySend?: () => boolean;
}

export interface Sender {
  /**
   * Sends one request. Never follows a redirect and never rejects: without a response the
   * outcome is `failed`. A request that a signal ended is `failed` with code `ABORTED`, which does
   * not count as an attempt.
   */
  send(outgoing: Outgoing): Promise<Answer>;
  close(): Promise<void>;
}
