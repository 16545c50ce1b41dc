/** The console's form of a job, against the fields that the API takes. */
import { describe, expect, test } from "vitest";
import type { Job as ShownJob, Schedule } from "../../console/src/api/schema.ts";
import {
  changesOf,
  draftOfJob,
  draftOfScheduledJob,
  EMPTY_DRAFT,
  requestOf,
} from "../../console/src/screens/run/draft.ts";
import {
  DEFAULT_BACKOFF as FORM_BACKOFF,
  draftOfRetry,
  NO_RETRY,
  retryOf,
  tellRetry,
} from "../../console/src/screens/run/retry-draft.ts";
import { DEFAULT_BACKOFF, toRetryPolicy } from "../../src/domain/step-retry.ts";
import { SubmitJob } from "../../src/http/contract/job.ts";
import { WebhookRequest } from "../../src/http/contract/job-webhook.ts";
import { SAMPLE_JOB } from "../../src/http/contract/samples.ts";
import { ScheduledJob, UpdateSchedule } from "../../src/http/contract/schedule.ts";

const RETRY = {
  attempts: 5,
  backoff: { delayMs: 1_500, factor: 3, maxDelayMs: 60_000, jitter: 0 },
};

const JOB = {
  ...SAMPLE_JOB,
  timeoutMs: 1_001,
  priority: -3,
  tags: ["customer:7", "nightly"],
  retry: RETRY,
  webhook: { ...SAMPLE_JOB.webhook, headers: {}, verifyTls: false },
} as unknown as ShownJob;

/** The fields of a request that a job run again does not have, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  runAt: "it is over",
  dedupe: "its key would return the job that has it",
  debounce: "it would wait for more requests",
  traceparent: "it is of another request",
  tracestate: "it is of another request",
};

const SECRET = { secret: "it is never shown" };

const fieldsOf = (schema: { readonly shape: object }): string[] =>
  Object.keys(schema.shape).toSorted();

/** Every field must be in the request or have a reason. */
function expectComplete(sent: object, leftOut: object, schema: { readonly shape: object }): void {
  expect([...Object.keys(sent), ...Object.keys(leftOut)].toSorted()).toEqual(fieldsOf(schema));
}

describe("a job that is run again", () => {
  const request = JSON.parse(requestOf(draftOfJob(JOB)));

  test("has every field of the first, or there is a reason", () => {
    expectComplete(request, LEFT_OUT, SubmitJob);
    expect(SubmitJob.parse(request)).toMatchObject({
      plugins: ["csv-profile"],
      input: { file: "in/cars.csv" },
      name: JOB.name,
      metadata: { customer: 7 },
      tags: JOB.tags,
      priority: -3,
      timeoutMs: 1_001,
    });
    expect(toRetryPolicy(request.retry)).toEqual(RETRY);
  });

  test("has every field of its webhook, except secrets", () => {
    const typed = draftOfJob({
      ...JOB,
      webhook: { ...JOB.webhook!, headers: { "X-Key": "***" as const } },
    });
    const settings = { ...typed.settings, webhookHeaders: "X-Key: 1" };
    const { webhook } = JSON.parse(requestOf({ ...typed, settings }));
    expectComplete(webhook, SECRET, WebhookRequest);
    expect(webhook).toMatchObject({
      url: SAMPLE_JOB.webhook.url,
      headers: { "X-Key": "1" },
      on: ["completed", "failed"],
      retries: 3,
      timeoutMs: 30_000,
      verifyTls: false,
    });
  });
});

describe("the job of a schedule", () => {
  const { input, name, metadata, tags, priority, timeoutMs, retry, webhook } = JOB;
  const plugins = [{ name: "csv-profile", options: { rows: 3 } }];
  const settings = { name, metadata, tags, priority, timeoutMs, retry, webhook };
  const draft = draftOfScheduledJob({ plugins, input, ...settings } as unknown as Schedule["job"]);

  test("has every field in the form", () => {
    const request = JSON.parse(requestOf(draft));
    expectComplete(request, {}, ScheduledJob);
    expect(ScheduledJob.parse(request)).toMatchObject({ plugins, retry: RETRY });
  });

  test("changes only what was changed, and loses what was emptied", () => {
    const withRetry = (texts: object) => ({
      ...draft,
      settings: { ...draft.settings, retry: { ...NO_RETRY, ...texts } },
    });
    expect(changesOf(draft, draft)).toBeNull();
    for (const [texts, json] of [
      [{}, null],
      [{ attempts: "2" }, { attempts: 2 }],
    ] as const) {
      const changes = JSON.parse(changesOf(draft, withRetry(texts)) ?? "");
      expect(UpdateSchedule.parse({ job: changes })).toEqual({ job: { retry: json } });
    }
  });
});

test("the smallest request has only its plugins", () => {
  const draft = { ...EMPTY_DRAFT, steps: [{ plugin: "csv-profile", options: "" }] };
  expect(JSON.parse(requestOf(draft))).toEqual({ plugins: ["csv-profile"] });
});

describe("the form's retry policy", () => {
  test("has the daemon's defaults where it is empty", () => {
    expect(FORM_BACKOFF).toEqual(DEFAULT_BACKOFF);
    const policy = toRetryPolicy({ attempts: 3 });
    expect(draftOfRetry(policy)).toEqual({ ...NO_RETRY, attempts: "3" });
    expect(retryOf({ ...NO_RETRY, attempts: "3" })).toBe('{"attempts":3}');
    expect(retryOf({ ...NO_RETRY, delay: "5s" })).toBeUndefined();
  });

  test.each([
    [{ attempts: "1" }, "A step that fails does not run again."],
    [{ attempts: "2" }, "A step that fails runs again after 1 s, ±20\u00a0%."],
    [{ attempts: "3", jitter: "0" }, "A step that fails runs again after 1 s and 2 s."],
    [
      { attempts: "9", delay: "10s", factor: "3", maxDelay: "1m", jitter: "0.5" },
      "A step that fails runs again after 10 s, 30 s, 1 min, 1 min and so on, up to 1 min, ±50\u00a0%.",
    ],
    [{ attempts: "0" }, null],
    [{ attempts: "3", delay: "soon" }, null],
  ])("%j is told in words", (texts, told) => {
    expect(tellRetry({ ...NO_RETRY, ...texts })).toBe(told);
  });

  test.each([
    [{ attempts: "some" }, 'The number of attempts is "some". It must be a number.'],
    [{ delay: "1" }, 'The first wait is "1". It must be a duration such as'],
    [{ maxDelay: "long" }, 'The longest wait is "long". It must be a duration such as'],
    [{ factor: "x" }, 'The factor is "x". It must be a number.'],
    [{ jitter: "20 %" }, 'The jitter is "20 %". It must be a number.'],
  ])("%j is refused with its name", (texts, message) => {
    expect(() => retryOf({ ...NO_RETRY, attempts: "3", ...texts })).toThrow(message);
  });
});
