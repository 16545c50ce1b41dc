import { setTimeout as sleep } from "node:timers/promises";
import type { PluginContext } from "../../plugin-sdk.ts";
import type { FetchOptions } from "./options.ts";
import { backoff, parseRetryAfter } from "./retry-wait.ts";
import { showUrl } from "../shared/show-url.ts";

type Context = Pick<PluginContext, "fetch" | "signal" | "log">;
type RequestOptions = Pick<
  FetchOptions,
  "method" | "headers" | "retries" | "maxRetryWaitMs" | "timeoutMs" | "followRedirects"
>;

export interface SentResponse {
  readonly response: Response;
  readonly url: URL;
  /** The URLs that redirected here. */
  readonly redirects: readonly string[];
  /** Aborts the body when it stops arriving. Called for each part of it. */
  readonly keepAlive: () => void;
  readonly stop: () => void;
}

const MAX_REDIRECTS = 10;
const REFUSED = new Set([429, 503]);
const GATEWAY = new Set([502, 504]);
const REPEATABLE = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** Sends a request with its redirects and retries. Headers of the job go only to `origin`. */
export async function sendRequest(
  url: URL,
  request: {
    readonly origin: string;
    readonly body: string | null;
    readonly options: RequestOptions;
  },
  ctx: Context,
): Promise<SentResponse> {
  const { retries, maxRetryWaitMs, method } = request.options;
  const isRepeatable = REPEATABLE.has(method);
  for (let attempt = 0; ; attempt += 1) {
    const isLast = attempt === retries;
    let wait = backoff(attempt);
    let reason: string;
    try {
      const sent = await follow(url, request, ctx);
      const { status, headers } = sent.response;
      const isRetried = REFUSED.has(status) || (isRepeatable && GATEWAY.has(status));
      if (!isRetried || isLast) return sent;
      reason = `status ${status}`;
      wait = parseRetryAfter(headers.get("retry-after"), Date.now()) ?? wait;
      if (wait > maxRetryWaitMs) {
        await discard(sent);
        throw new TooLongWait(
          `url is ${JSON.stringify(showUrl(url))}: its server responded with status ${status} and asks to wait ${wait} ms. maxRetryWaitMs is ${maxRetryWaitMs}`,
        );
      }
      await discard(sent);
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (!isRepeatable || isLast || !(error instanceof ConnectionError) || error.isFinal)
        throw error;
      reason = error.reason;
    }
    const waitMs = Math.min(maxRetryWaitMs, Math.round(wait));
    ctx.log.warn("The request is repeated", { url: showUrl(url), reason, waitMs });
    await sleep(waitMs, undefined, { signal: ctx.signal });
  }
}

class TooLongWait extends Error {}

class ConnectionError extends Error {
  readonly reason: string;
  /** A retry would fail in the same way. */
  readonly isFinal: boolean;
  constructor(message: string, details: { cause: unknown; reason: string; isFinal: boolean }) {
    super(message, { cause: details.cause });
    this.reason = details.reason;
    this.isFinal = details.isFinal;
  }
}

export async function discard({ response, stop }: SentResponse): Promise<void> {
  stop();
  await response.body?.cancel().catch(() => {});
}

async function follow(
  first: URL,
  request: {
    readonly origin: string;
    readonly body: string | null;
    readonly options: RequestOptions;
  },
  ctx: Context,
): Promise<SentResponse> {
  const { origin, options } = request;
  let { method } = options as { method: string };
  let { body } = request;
  let url = first;
  const redirects: string[] = [];
  for (;;) {
    const headers = toHeaders(url.origin === origin ? options.headers : {});
    if (body !== null && !headers.has("content-type")) {
      headers.set("content-type", "application/json");
    }
    const sent = await sendOnce(url, { method, headers, body, timeoutMs: options.timeoutMs }, ctx);
    const { status } = sent.response;
    const location = sent.response.headers.get("location");
    const isRedirect = [301, 302, 303, 307, 308].includes(status) && location !== null;
    if (!isRedirect || !options.followRedirects) return { ...sent, url, redirects };
    await discard({ ...sent, url, redirects });
    redirects.push(url.href);
    const next = URL.parse(location, url.href);
    const problem =
      redirects.length > MAX_REDIRECTS
        ? `it was redirected more than ${MAX_REDIRECTS} times`
        : next === null || !/^https?:$/.test(next.protocol)
          ? `its server redirects to ${JSON.stringify(location.slice(0, 200))}, which is not an http or https URL`
          : null;
    if (problem !== null) throw new Error(`url is ${JSON.stringify(showUrl(first))}: ${problem}`);
    url = next!;
    // What browsers do: only 307 and 308 keep the method and the body.
    if (status === 303 || (status < 303 && method === "POST")) {
      if (method !== "HEAD") method = "GET";
      body = null;
    }
  }
}

interface OneRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
  readonly timeoutMs: number;
}

async function sendOnce(url: URL, { timeoutMs, ...init }: OneRequest, ctx: Context) {
  const controller = new AbortController();
  const abort = (): void =>
    controller.abort(new Error(`nothing arrived for ${timeoutMs} ms (timeoutMs)`));
  const timer = setTimeout(abort, timeoutMs);
  const stop = (): void => clearTimeout(timer);
  try {
    const { signal } = controller;
    const response = await ctx.fetch(url, { ...init, redirect: "manual", signal });
    return { response, keepAlive: () => void timer.refresh(), stop };
  } catch (cause) {
    stop();
    ctx.signal.throwIfAborted();
    const reason = reasonOf(cause);
    const isFinal = codeOf(cause) === "EGRESS_REFUSED" || CERTIFICATE.test(codeOf(cause));
    const certificate = CERTIFICATE.test(codeOf(cause)) ? "its certificate is not trusted" : null;
    throw new ConnectionError(
      `url is ${JSON.stringify(showUrl(url))}: ${certificate ?? "the request failed"}`,
      { cause, reason, isFinal },
    );
  }
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/;

function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return "";
}

function reasonOf(error: unknown): string {
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(at.message);
  return messages.join(": ");
}

/** Throws an Error without the value of a header, which can be a secret. */
function toHeaders(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new Error(
        `headers has the name ${JSON.stringify(name)}: it must be one such as "authorization", without spaces and colons`,
      );
    }
    if (/[^\t\x20-\x7E\x80-\xFF]/.test(value.trim())) {
      throw new Error(
        `headers has ${JSON.stringify(name)}: its value must be one line, and have only characters of Latin-1`,
      );
    }
    headers.append(name, value);
  }
  return headers;
}
