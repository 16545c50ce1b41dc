import type { Dispatcher } from "undici";
import type { Answer } from "../domain/delivery.ts";

/** As much of an answer as is kept, in bytes. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * One POST and its answer, made once more when the first met an idle socket just being closed.
 * undici's `dispatch` makes no stream and no AbortSignal per answer: half of `Agent.request`'s CPU
 * time (measured). A class, for closures made anew for each cost more than the rest of it.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #dispatcher: Dispatcher;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #timeoutMs: number;
  readonly #onEnd: (answer: Answer) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #retryAfter: string | null = null;
  #sentAt = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | undefined;
  #hasBegun = false;
  #isSecond = false;
  #hasEnded = false;

  /** `onEnd` is called once. */
  constructor(
    dispatcher: Dispatcher,
    request: Dispatcher.DispatchOptions,
    options: { timeoutMs: number; onEnd: (answer: Answer) => void },
  ) {
    this.#dispatcher = dispatcher;
    this.#request = request;
    this.#timeoutMs = options.timeoutMs;
    this.#onEnd = options.onEnd;
  }

  start(): void {
    this.#dispatcher.dispatch(this.#request, this);
  }

  /** Ends it with an answer of one's own. */
  abort(answer: Answer): void {
    this.#end(answer);
    this.#controller?.abort(CUT_OFF);
  }

  /** The same, if it has not been sent. */
  recall(answer: Answer): void {
    if (this.#controller === null) this.#end(answer);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Not by the controller's abort, which closes the connection.
    if (this.#hasEnded) throw CUT_OFF;
    this.#controller = controller;
    this.#sentAt = performance.now();
    // From when it is sent: waiting for one of the connections to an origin is not the endpoint's fault.
    this.#timer ??= setTimeout(endLate, this.#timeoutMs, this, this.#timeoutMs);
  }

  /** Before its head is read, 1xx included: whatever has begun was not sent into a closed socket. */
  onResponseStarted(): void {
    this.#hasBegun = true;
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
    const tookMs = performance.now() - this.#sentAt;
    this.#end({
      kind: "answered",
      status: this.#status,
      retryAfter: this.#retryAfter,
      body,
      tookMs,
    });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#hasEnded) return;
    if (this.#isSecond || this.#hasBegun || !isClosedReusedSocket(error)) {
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
    this.#onEnd(answer);
  }
}

const CUT_OFF = new Error("what became of it is known");

function endLate(exchange: Exchange, timeoutMs: number): void {
  const message = `no complete answer within ${timeoutMs} ms`;
  exchange.abort({ kind: "failed", code: "TIMEOUT", message });
}

/** By the endpoint: as it should, or with a reset that came while nothing was under way. */
const CLOSED: ReadonlySet<string | undefined> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** A socket that has answered before. */
function isClosedReusedSocket(error: unknown): boolean {
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } };
  return CLOSED.has(code) && (socket?.bytesRead ?? 0) > 0;
}

function toFailed(error: unknown): Answer {
  const { code, name, message } = error as Error & { code?: string };
  return { kind: "failed", code: code ?? name, message: message || name };
}
