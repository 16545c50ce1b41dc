/** The endpoints of the data folder's webhooks, and how they answer while it is made. */
import type { ServerResponse } from "node:http";
import { until } from "../../test/support/until.ts";

/** Each has an origin of its own: its place here is its port, which stands for the receiver's. */
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
  /** Resolves when the endpoint has been asked so often. */
  untilAsked(endpoint: Endpoint, times: number): Promise<void>;
  /** From now on `failing` answers 503, also to what it has not answered yet. */
  startToFail(): void;
}

export function createAnswers(): Answers {
  let fails = false;
  const unanswered: ServerResponse[] = [];
  const asked: string[] = [];
  const refuse =
    (status: number, retryAfter: string | null = null) =>
    (response: ServerResponse) =>
      response
        .writeHead(status, retryAfter === null ? {} : { "retry-after": retryAfter })
        .end("no");
  const answers: Partial<Record<Endpoint, (response: ServerResponse) => unknown>> = {
    gone: refuse(410),
    throttled: refuse(429, "3600"),
    failing: (response) => (fails ? refuse(503)(response) : unanswered.push(response)),
    silent: () => undefined,
    broken: refuse(500),
    refusing: refuse(400),
    "own-later": refuse(500, "300"),
    "callback-later": refuse(503, "120"),
  };
  return {
    answer(path, response) {
      const endpoint = path.slice(1);
      asked.push(endpoint);
      const answer = answers[endpoint as Endpoint];
      if (answer === undefined) response.end("ok");
      else answer(response);
    },
    async untilAsked(endpoint, times) {
      await until(
        `${times} requests to ${endpoint}`,
        () => asked.filter((one) => one === endpoint).length >= times,
      );
    },
    startToFail() {
      fails = true;
      for (const response of unanswered) refuse(503)(response);
    },
  };
}
