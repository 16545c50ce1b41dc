import type { Dispatcher } from "undici";
import type { Answer } from "../domain/delivery.ts";

/** As much of an answer as is kept, in bytes. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * One POST and its answer through undici's `dispatch`, its lowest level: no stream and no
 * AbortSignal per answer, which halved the sender's CPU time (measured against `Agent.request`).
 * It is made a second time, at once, when the first met an idle socket just being closed. A class:
 * closures for each of thousands a second cost more than the rest of it.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #dispatcher: Dispatcher;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #timeoutMs: number;
  readonly #onEnd: (answer: Answer, exchange: Exchange) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #retryAfter: string | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isSecond = false;
  #hasEnded = false;

  /** `onEnd` is called once. */
  constructor(
    dispatcher: Dispatcher,
    request: Dispatcher.DispatchOptions,
    options: { timeoutMs: number; onEnd: (answer: Answer, exchange: Exchange) => void },
  ) {
    this.#dispatcher = dispatcher;
    this.#request = request;
    this.#timeoutMs = options.timeoutMs;
    this.#onEnd = options.onEnd;
  }

  start(): void {
    try {
      this.#dispatcher.dispatch(this.#request, this);
    } catch (error) {
      this.#end(toFailed(error));
    }
  }

  /** Ends it with an answer of one's own. */
  abort(answer: Answer): void {
    this.#end(answer);
    this.#controller?.abort(CUT_OFF);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#hasEnded) controller.abort(CUT_OFF);
    // From when it is sent: waiting for one of the connections to an origin is not the endpoint's fault.
    else this.#timer ??= setTimeout(endLate, this.#timeoutMs, this, this.#timeoutMs);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    const header = headers["retry-after"];
    this.#retryAfter = (Array.isArray(header) ? header[0] : header) ?? null;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= MAX_ANSWER_BYTES) return;
    this.onResponseEnd();
    // Closes the connection: the rest is dropped, not read.
    controller.abort(CUT_OFF);
  }

  onResponseEnd(): void {
    const body =
      this.#size === 0
        ? ""
        : Buffer.concat(this.#chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
    this.#end({ kind: "answered", status: this.#status, retryAfter: this.#retryAfter, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#hasEnded) return;
    if (this.#isSecond || this.#status !== 0 || !isClosedReusedSocket(error)) {
      this.#end(toFailed(error));
      return;
    }
    this.#isSecond = true;
    this.start();
  }

  #end(answer: Answer): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#onEnd(answer, this);
  }
}

const CUT_OFF = new Error("what became of it is known");

function endLate(exchange: Exchange, timeoutMs: number): void {
  const message = `no complete answer within ${timeoutMs} ms`;
  exchange.abort({ kind: "failed", code: "TIMEOUT", message });
}

/** A socket that has answered before. */
function isClosedReusedSocket(error: unknown): boolean {
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } };
  return code === "UND_ERR_SOCKET" && (socket?.bytesRead ?? 0) > 0;
}

function toFailed(error: unknown): Answer {
  const { code, name, message } = error as Error & { code?: string };
  return { kind: "failed", code: code ?? name, message: message || name };
}
