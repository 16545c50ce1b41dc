import type { Dispatcher } from "undici";
import type { Answer } from "../domain/delivery.ts";
import { messageWithCauses } from "../domain/message-with-causes.ts";
import { redirectTarget } from "./redirect-target.ts";
import { decodeBody, toText } from "./response-text.ts";
import { explainAlert } from "./tls-alert.ts";
import { systemClock } from "../system/clock.ts";

/** The part of a response's body that is stored, in bytes. */
export const MAX_RESPONSE_BYTES = 16 * 1024;

/**
 * One POST. It is sent a second time if the first try hits an idle socket that is being closed. The
 * head of a 2xx response decides: the endpoint has accepted the event, whatever happens to the body.
 * `dispatch` creates no stream and no AbortSignal per request: it uses half the CPU time of
 * `Agent.request` (measured). This is a class because closures per request cost more than the rest.
 */
export class PostRequest implements Dispatcher.DispatchHandler {
  readonly #dispatcher: Dispatcher;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #timeoutMs: number;
  readonly #whyNot: () => Answer | null;
  readonly #onEnd: (outcome: Answer) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #headers: Record<string, string | string[] | undefined> = {};
  #sentAt = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | undefined;
  #hasResponseStarted = false;
  #isSecondTry = false;
  #hasEnded = false;

  /** `onEnd` is called once. `whyNot` gives the outcome if the request must not be sent any more. */
  constructor(
    dispatcher: Dispatcher,
    request: Dispatcher.DispatchOptions,
    options: {
      timeoutMs: number;
      whyNot?: () => Answer | null;
      onEnd: (outcome: Answer) => void;
    },
  ) {
    this.#dispatcher = dispatcher;
    this.#request = request;
    this.#timeoutMs = options.timeoutMs;
    this.#whyNot = options.whyNot ?? (() => null);
    this.#onEnd = options.onEnd;
  }

  start(): void {
    this.#dispatcher.dispatch(this.#request, this);
  }

  /** Ends the request with the given outcome and closes its connection. */
  abort(outcome: Answer): void {
    this.#end(outcome);
    this.#controller?.abort(ENDED);
  }

  /** Ends the request with the given outcome if it still waits for a connection. */
  cancelIfQueued(outcome: Answer): void {
    if (this.#controller === null) this.#end(outcome);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const whyNot = this.#whyNot();
    if (whyNot !== null) this.#end(whyNot);
    // The controller's abort would close the connection. Throwing keeps it open.
    if (this.#hasEnded) throw ENDED;
    this.#controller = controller;
    this.#sentAt = systemClock.monotonic();
    // The timer starts with the send: the wait for a free connection is not the endpoint's time.
    this.#timer ??= setTimeout(endAsTimedOut, this.#timeoutMs, this, this.#timeoutMs);
  }

  /**
   * Called before the response head is parsed, even for a 1xx. A request with a response must not be
   * repeated.
   */
  onResponseStarted(): void {
    this.#hasResponseStarted = true;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= MAX_RESPONSE_BYTES) return;
    this.onResponseEnd();
    // Closes the connection, so that the rest of the body is not read.
    controller.abort(ENDED);
  }

  onResponseEnd(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    const tookMs = systemClock.monotonic() - this.#sentAt;
    const encoding = this.#header("content-encoding");
    const bytes = this.#size === 0 ? NO_BYTES : Buffer.concat(this.#chunks);
    if (encoding === undefined) return this.#answer(toText(bytes, MAX_RESPONSE_BYTES), tookMs);
    void decodeBody(bytes, encoding, MAX_RESPONSE_BYTES).then((body) => this.#answer(body, tookMs));
  }

  #answer(body: string, tookMs: number): void {
    const status = this.#status;
    const isRedirect = status >= 300 && status < 400;
    const { origin, path } = this.#request;
    const redirectsTo = isRedirect
      ? redirectTarget(`${String(origin)}${path}`, this.#header("location"))
      : undefined;
    this.#onEnd({
      kind: "answered",
      status,
      retryAfter: this.#header("retry-after") ?? null,
      body,
      tookMs,
      ...(redirectsTo !== undefined && { redirectsTo }),
    });
  }

  #header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#hasEnded) return;
    if (this.#isSecondTry || this.#hasResponseStarted || !isClosedReusedSocket(error)) {
      this.#end(toFailed(error));
      return;
    }
    this.#isSecondTry = true;
    this.start();
  }

  /** Ends a request without a whole response. */
  #end(outcome: Answer): void {
    if (this.#status >= 200 && this.#status < 300) return this.onResponseEnd();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#onEnd(outcome);
  }
}

const NO_BYTES = Buffer.alloc(0);
const ENDED = new Error("the request has already ended");

function endAsTimedOut(request: PostRequest, timeoutMs: number): void {
  const message = `no complete response within ${timeoutMs} ms`;
  request.abort({ kind: "failed", code: "TIMEOUT", message });
}

/** Codes of a socket that the endpoint closed cleanly, or reset while it was idle. */
const CLOSED: ReadonlySet<string | undefined> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** Only a socket that has received bytes before was reused. */
function isClosedReusedSocket(error: unknown): boolean {
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } };
  return CLOSED.has(code) && (socket?.bytesRead ?? 0) > 0;
}

function toFailed(error: unknown): Answer {
  const { code, name } = error as Error & { code?: string };
  // The message is part of a sentence and of a log line.
  const message = messageWithCauses(error as Error)
    .replaceAll(/\s+/g, " ")
    .trim();
  return { kind: "failed", code: code ?? name, message: explainAlert(message) || name };
}
