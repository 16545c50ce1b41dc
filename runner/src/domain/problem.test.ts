import { describe, expect, test } from "vitest";
import type { Hold } from "./hold.ts";
import { findProblems, type Facts, type HeldDestination } from "./problem.ts";

const NOW = 1_000_000_000;
const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const WELL: Facts = {
  now: NOW,
  notReady: [],
  destinations: [],
  oldCertificates: [],
  failingSchedules: [],
  brokenPlugins: [],
  waiting: [],
  queue: { queued: 10, max: 1_000 },
  oldestReadyAt: NOW - MINUTE_MS,
  executorEnds: [],
  disk: { freeBytes: 100 * GIB, totalBytes: 500 * GIB },
  maxCount: 1_000,
};

/** The sentences of what is wrong. */
function messages(facts: Partial<Facts>): string[] {
  return findProblems({ ...WELL, ...facts }).map(({ message }) => message);
}

test("a daemon that is well has no problem", () => {
  expect(findProblems(WELL)).toEqual([]);
  expect(findProblems({ ...WELL, disk: null, oldestReadyAt: null })).toEqual([]);
});

test("why the daemon accepts no work comes first", () => {
  const problems = findProblems({
    ...WELL,
    oldestReadyAt: 1,
    brokenPlugins: [{ name: "a", error: "no" }],
    notReady: ["The database cannot be written: the disk is full."],
  });
  expect(problems.map(({ kind, severity }) => [kind, severity])).toEqual([
    ["not-ready", "error"],
    ["plugin-broken", "error"],
    ["queue-behind", "warning"],
  ]);
  expect(problems[0]?.message).toBe("The database cannot be written: the disk is full.");
});

describe("a destination", () => {
  const hold: Hold = { kind: "circuit", detail: "", since: NOW - 60_000, until: NOW + 48_000 };
  const held: HeldDestination = {
    id: "dst_7",
    origin: "https://hooks.example.com",
    webhook: null,
    hold,
    lastError: "status 503",
    backlog: 212,
  };
  const webhook = { id: "wh_1", state: "active", reason: null } as const;
  const stopped: Hold = { kind: "webhook", detail: "", since: NOW - 60_000, until: null };
  const said = (change: Partial<HeldDestination>) =>
    messages({ destinations: [{ ...held, ...change }] });

  test("that fails has its error, its waiting events and the next attempt", () => {
    expect(findProblems({ ...WELL, destinations: [held] })).toEqual([
      {
        kind: "destination-failing",
        severity: "error",
        message: "https://hooks.example.com answers with status 503. 212 events wait.",
        target: { destinationId: "dst_7" },
        since: NOW - 60_000,
        until: NOW + 48_000,
        count: 212,
      },
    ]);
  });

  test.each([
    [
      { lastError: "ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:443" },
      "https://hooks.example.com cannot be reached (ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:443). 212 events wait.",
    ],
    [{ backlog: 1 }, "https://hooks.example.com answers with status 503. 1 event waits."],
    [{ backlog: 0 }, "https://hooks.example.com answers with status 503."],
    [
      { backlog: 1_000 },
      "https://hooks.example.com answers with status 503. 1,000 or more events wait.",
    ],
    [{ lastError: null, backlog: 0 }, "https://hooks.example.com fails."],
    [
      { webhook },
      "The webhook to https://hooks.example.com answers with status 503. 212 events wait.",
    ],
    [
      { hold: { ...hold, kind: "pause" as const } },
      "https://hooks.example.com asked the daemon to wait. 212 events wait.",
    ],
    [
      { webhook: { ...webhook, state: "paused" as const }, hold: stopped },
      "The webhook to https://hooks.example.com is paused. 212 events wait.",
    ],
    [
      {
        webhook: {
          ...webhook,
          state: "off" as const,
          reason: "The endpoint responded with 410 Gone.",
        },
        hold: stopped,
        backlog: 0,
      },
      "The webhook to https://hooks.example.com was switched off. The endpoint responded with 410 Gone. Its events are not stored.",
    ],
  ])("with %j is described", (change, message) => {
    expect(said(change)).toEqual([message]);
  });

  test("with a paused webhook is no problem before an event waits", () => {
    const paused = { ...webhook, state: "paused" } as const;
    expect(said({ webhook: paused, hold: stopped, backlog: 0 })).toEqual([]);
  });

  test("of a webhook points to the webhook", () => {
    const [problem] = findProblems({ ...WELL, destinations: [{ ...held, webhook }] });
    expect(problem?.target).toEqual({ webhookId: "wh_1" });
  });
});

test("a broken plugin has the first line of its error, which names the file and the line", () => {
  const error = "Unexpected token (/plugins/a.ts:3)\n   3 | run( {\n";
  expect(findProblems({ ...WELL, brokenPlugins: [{ name: "a", error }] })).toMatchObject([
    {
      kind: "plugin-broken",
      message: 'Plugin "a" cannot be loaded: Unexpected token (/plugins/a.ts:3).',
      target: { plugin: "a" },
    },
  ]);
});

test.each([
  ["missing", 1, '1 job waits for plugin "a", which is not installed.'],
  ["broken", 3, '3 jobs wait for plugin "a", which cannot be loaded.'],
  ["broken", 1_000, '1,000 or more jobs wait for plugin "a", which cannot be loaded.'],
] as const)("jobs that wait for a %s plugin are %i", (reason, jobs, message) => {
  const waiting = [{ on: "a", jobs, since: 5, reason }];
  expect(findProblems({ ...WELL, waiting })).toMatchObject([
    { kind: "jobs-waiting", message, since: 5, count: jobs, target: { plugin: "a" } },
  ]);
});

test("jobs whose plugin can be loaded again are no problem", () => {
  expect(messages({ waiting: [{ on: "a", jobs: 3, since: 5, reason: null }] })).toEqual([]);
});

test("a queue is behind when its next job has been ready for more than five minutes", () => {
  expect(messages({ oldestReadyAt: NOW - 5 * MINUTE_MS })).toEqual([]);
  const oldestReadyAt = NOW - 5 * MINUTE_MS - 1;
  expect(findProblems({ ...WELL, oldestReadyAt })).toMatchObject([
    {
      kind: "queue-behind",
      severity: "warning",
      message: "Jobs wait for a free thread. 10 jobs are queued.",
      since: oldestReadyAt,
    },
  ]);
});

test.each([
  [899, null, undefined],
  [900, "The queue has 900 of 1,000 jobs.", "warning"],
  [1_000, "The queue has 1,000 of 1,000 jobs. New jobs are refused.", "error"],
])("a queue with %i of 1,000 jobs", (queued, message, severity) => {
  const [problem] = findProblems({ ...WELL, queue: { queued, max: 1_000 } });
  expect(problem?.message ?? null).toBe(message);
  expect(problem?.severity).toBe(severity);
});

describe("the process that runs plugins", () => {
  const end = { at: 5, why: "crash", detail: "SIGSEGV", interruptedSteps: 0 } as const;

  test.each([
    [[end], "The process that runs plugins ended (SIGSEGV)."],
    [
      [{ ...end, why: "memory" as const, detail: "612 MiB" }],
      "The process that runs plugins was replaced because it used too much memory (612 MiB).",
    ],
    [
      [{ ...end, interruptedSteps: 1 }],
      "The process that runs plugins ended (SIGSEGV). 1 step was interrupted.",
    ],
    [
      [
        { ...end, interruptedSteps: 2 },
        { ...end, at: 9, interruptedSteps: 1 },
      ],
      "The process that runs plugins ended (SIGSEGV). 3 steps were interrupted. It was replaced 2 times in the last hour.",
    ],
  ])("is a warning when it ended lately", (executorEnds, message) => {
    expect(findProblems({ ...WELL, executorEnds })).toMatchObject([
      {
        kind: "executor-ended",
        severity: "warning",
        message,
        since: executorEnds.at(-1)?.at,
        count: executorEnds.length,
      },
    ]);
  });
});

test.each([
  [2 * GIB, 500 * GIB, null, undefined],
  [1.5 * GIB, 500 * GIB, "The disk with the data folder has 1.5 GiB left.", "warning"],
  [300 * MIB, 500 * GIB, "The disk with the data folder has 300 MiB left.", "warning"],
  [200 * MIB, 500 * GIB, "The disk with the data folder has 200 MiB left.", "error"],
  // A small disk.
  [300 * MIB, 2 * GIB, null, undefined],
])("a disk with %i of %i bytes left", (freeBytes, totalBytes, message, severity) => {
  const [problem] = findProblems({ ...WELL, disk: { freeBytes, totalBytes } });
  expect(problem?.message ?? null).toBe(message);
  expect(problem?.severity).toBe(severity);
});

test.each([
  [NOW + 1, "expires within two weeks", null],
  [NOW - 1, "has expired: the endpoint can refuse it", NOW - 1],
])("a client certificate that is valid until %i", (validUntil, what, since) => {
  const oldCertificates = [{ webhookId: "wh_1", origin: "https://a.example", validUntil }];
  expect(findProblems({ ...WELL, oldCertificates })).toEqual([
    {
      kind: "certificate-old",
      severity: "warning",
      message: `The client certificate of the webhook to https://a.example ${what}. Set another one.`,
      target: { webhookId: "wh_1" },
      since,
      until: null,
      count: null,
    },
  ]);
});

test("a schedule that failures have paused stands still, with the reason", () => {
  const reason = "2 jobs in a row failed. The last reason: boom";
  const failingSchedules = [{ key: "nightly", reason, pausedAt: 5 }];
  expect(findProblems({ ...WELL, failingSchedules })).toEqual([
    {
      kind: "schedule-paused",
      severity: "error",
      message: `Schedule "nightly" is paused because its jobs fail. ${reason}.`,
      target: { schedule: "nightly" },
      since: 5,
      until: null,
      count: null,
    },
  ]);
});
