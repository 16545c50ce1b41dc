/** The endpoints of the data folder's webhooks, and their responses while the folder is filled. */
import type { ServerResponse } from "node:http";
import { until } from "../../test/support/until.ts";

/** Each endpoint has its own origin. Its port is its position here; the receiver serves them all. */
const ENDPOINTS = [
  "all",
  "paused",
  "gone",
  "rotated",
  "throttled",
  "failing",
  "silent",
  "filtered",
  "own",
  "broken",
  "refusing",
  "own-later",
  "callback",
  "callback-later",
] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

export function urlOf(endpoint: Endpoint): string {
  return `http://127.0.0.1:${ENDPOINTS.indexOf(endpoint) + 1}/${endpoint}`;
}

export interface Answers {
  answer(path: string, response: ServerResponse): void;
  /** Resolves when the endpoint has received this many requests. */
  untilRequested(endpoint: Endpoint, times: number): Promise<void>;
  /** From now on `failing` responds with 503, also to the requests that wait for a response. */
  startFailing(): void;
}

export function createAnswers(): Answers {
  let fails = false;
  const pending: ServerResponse[] = [];
  const requested: string[] = [];
  const refuse =
    (status: number, retryAfter: string | null = null) =>
    (response: ServerResponse) =>
      response
        .writeHead(status, retryAfter === null ? {} : { "retry-after": retryAfter })
        .end("no");
  const answers: Partial<Record<Endpoint, (response: ServerResponse) => unknown>> = {
    gone: refuse(410),
    throttled: refuse(429, "3600"),
    failing: (response) => (fails ? refuse(503)(response) : pending.push(response)),
    silent: () => undefined,
    broken: refuse(500),
    refusing: refuse(400),
    "own-later": refuse(500, "300"),
    "callback-later": refuse(503, "120"),
  };
  return {
    answer(path, response) {
      const endpoint = path.slice(1);
      requested.push(endpoint);
      const answer = answers[endpoint as Endpoint];
      if (answer === undefined) response.end("ok");
      else answer(response);
    },
    async untilRequested(endpoint, times) {
      await until(
        `${times} requests to ${endpoint}`,
        () => requested.filter((one) => one === endpoint).length >= times,
      );
    },
    startFailing() {
      fails = true;
      for (const response of pending) refuse(503)(response);
    },
  };
}
