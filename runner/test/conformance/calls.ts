/** Arbitrary calls of the port, as data. The interleavings are made of them. */
import fc from "fast-check";
import { EVENT_KINDS } from "../../src/domain/event.ts";
import { KEY_SPANS } from "../../src/domain/job-key.ts";
import { OVERLAPS } from "../../src/domain/schedule.ts";
import type { LimitOverride, LimitNumbers } from "../../src/domain/plugin-limits.ts";
import { LEASE_MS } from "./given.ts";

const OWNERS = ["owner_1", "owner_2"] as const;
export const TAGS = ["x", "y"] as const;
const BOTH = ["first", "second"];
const owner = fc.constantFrom(...OWNERS);
const limit = fc.integer({ min: 0, max: 3 });
/** Picks one of the claims or ids returned so far, including stale ones. */
const pick = fc.nat(1000);
const on = fc.option(fc.subarray([...EVENT_KINDS], { minLength: 1 }), { nil: null });
const ownWebhook = fc.option(
  fc.record({
    on,
    origin: fc.constantFrom("http://a", "http://b"),
    rate: fc.constantFrom(null, 25),
  }),
  { nil: null },
);
const idempotency = fc.option(
  fc.record({ key: fc.constantFrom("a", "b", "c"), fingerprint: fc.constantFrom("x", "x", "y") }),
  { nil: null, freq: 1 },
);
/** With each key, jobs have it for any of the spans. */
const key = fc.option(
  fc.record({
    key: fc.constantFrom("k", "l"),
    span: fc.constantFrom(...KEY_SPANS),
    isWindow: fc.boolean(),
  }),
  { nil: null, freq: 1 },
);
/** Over 100 ms, each lets as many steps begin, so that a change of the rate is no reason to begin sooner. */
const rate = fc.constantFrom(
  null,
  null,
  { rate: "10/s", burst: 1 },
  { rate: "20/s", burst: 2 },
  { rate: "40/s", burst: 4 },
);
const concurrency = fc.constantFrom(null, 1, 1, 2);
const allNumbers = fc.record({
  concurrency,
  rate,
  keyConcurrency: concurrency,
  keyRate: rate,
  maxQueued: fc.constantFrom(null, null, null, 2, 4),
});
const numbers = allNumbers.map(({ maxQueued, ...rest }): LimitNumbers => ({
  ...rest,
  ...(maxQueued !== null && { maxQueued }),
}));
const limitName = fc.constantFrom("site", "site", "site", "other");
const limitKey = fc.constantFrom("", "a", "b");
const pickNumbers = ({
  concurrency: most,
  rate: pace,
}: Pick<LimitNumbers, "concurrency" | "rate">) => ({
  ...(most !== null && { concurrency: most }),
  ...pace,
});
const override = allNumbers.map(({ keyConcurrency, keyRate, maxQueued, ...all }): LimitOverride => {
  const perKey = pickNumbers({ concurrency: keyConcurrency, rate: keyRate });
  const hasKeys = Object.keys(perKey).length > 0;
  return {
    ...pickNumbers(all),
    ...(hasKeys && { perKey }),
    ...(maxQueued !== null && { maxQueued }),
  };
});
const stepLimit = fc.option(fc.record({ name: limitName, key: limitKey }), { nil: null, freq: 4 });
const limits = fc.record({ ofSteps: fc.tuple(stepLimit, stepLimit), numbers });
const job = fc.record({
  priority: fc.integer({ min: 0, max: 2 }),
  delay: fc.constantFrom(0, 0, 0, 50, 2000),
  steps: fc.integer({ min: 1, max: 2 }),
  name: fc.constantFrom(null, "n"),
  tags: fc.subarray([...TAGS]),
  webhook: ownWebhook,
  idempotency,
  key,
  limits: fc.option(limits, { nil: null, freq: 1 }),
});
/** Its keys are not those of other jobs, so that it is accepted. */
const limitedJob = fc
  .record({ job, limits })
  .map((each) => ({ ...each.job, limits: each.limits, key: null, idempotency: null }));
export type JobCall = typeof job extends fc.Arbitrary<infer T> ? T : never;

const maxQueued = fc.constantFrom(2, 100, 100);
const filter = {
  on,
  plugins: fc.constantFrom(null, ["first"], ["second", "other"], ["other"]),
  jobName: fc.constantFrom(null, "n"),
  lifeMs: fc.constantFrom(null, null, 300),
};

function kind<const Kind extends string, T extends object>(
  name: Kind,
  weight: number,
  fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
) {
  const arbitrary = fc.record({ ...fields }).map((each) => ({ ...(each as T), kind: name }));
  return { weight, arbitrary };
}

const scheduleKey = fc.constantFrom("s", "t");
/** Whether the caller knows the schedule as it was some changes ago. */
const isLate = fc.constantFrom(false, false, false, true);
/** How far the next slot is behind the last one. It is before it when the clock was set back. */
const gap = fc.constantFrom(30, 30, 200, 200, -300, null);
const passes = fc.constantFrom(0, 0, 1, 2);

/** Whether the caller has room for what becomes due. */
const handOver = fc.boolean();

const claim = kind("claim", 3, {
  owner,
  limit,
  ahead: fc.integer({ min: 0, max: 2 }),
  plugins: fc.constantFrom(BOTH, BOTH, BOTH, ["first"], ["second"], []),
  elsewhere: fc.constantFrom([], [], ["first"]),
  waitLimitMs: fc.constantFrom(1000, 1000, 20, 0),
});

/** What happens to jobs, whatever else there is. */
const jobCalls = [
  claim,
  kind("advance", 9, {
    pick,
    fails: fc.boolean(),
    retryMs: fc.option(fc.nat(60)),
    handOver,
  }),
  kind("release", 2, { pick, countsAttempt: fc.boolean() }),
  kind("requeue", 2, {
    pick,
    from: fc.constantFrom("failed-step" as const, "start" as const),
  }),
  kind("renew", 1, { pick }),
  kind("reap", 1, { owner }),
  kind("beat", 1, {
    owner,
    upForMs: fc.constantFrom(-1, 100, 1_000),
    plugins: fc.constantFrom(BOTH, ["second"], []),
  }),
  kind("shift", 1, { ms: fc.constantFrom(-200, -30) }),
  kind("wait", 3, { ms: fc.constantFrom(1, 20, 200, LEASE_MS + 1, 6_000) }),
];

const limitCalls = [
  kind("declare limit", 1, { name: limitName, numbers }),
  kind("override limit", 1, { name: limitName, override: fc.option(override, { nil: null }) }),
  kind("pause limit", 1, {
    name: limitName,
    key: fc.option(limitKey, { nil: null }),
    lastsMs: fc.constantFrom(null, 40, 40, 300),
    isSpan: fc.boolean(),
    keepsLonger: fc.boolean(),
  }),
  kind("resume limit", 1, { name: limitName, key: fc.option(limitKey, { nil: null }) }),
];

const scheduleCalls = [
  kind("save schedule", 2, {
    key: scheduleKey,
    overlap: fc.constantFrom(...OVERLAPS),
    pauseOnFailures: fc.constantFrom(null, 1, 2),
    maxSchedules: fc.constantFrom(1, 10, 10),
    isNew: fc.boolean(),
    isLate,
    passes,
    gap,
  }),
  kind("advance schedule", 5, {
    key: scheduleKey,
    trigger: fc.constantFrom("grid", "grid", "grid", "buffer", "manual", null),
    state: fc.constantFrom("fired" as const, "caught-up" as const),
    job: fc.option(job, { nil: null, freq: 8 }),
    maxQueued,
    isLate,
    passes,
    gap,
  }),
  kind("set schedule state", 1, {
    key: scheduleKey,
    state: fc.constantFrom("active" as const, "active" as const, "paused" as const),
    isLate,
    passes,
    gap,
  }),
  kind("remove schedule", 1, { key: scheduleKey, isSure: fc.boolean() }),
];

export const call = fc.oneof(
  kind("submit", 4, { job, maxQueued, handOver }),
  kind("merge", 3, { pick, job }),
  kind("submit batch", 2, {
    jobs: fc.array(job, { maxLength: 3 }),
    webhook: ownWebhook,
    idempotency,
    maxQueued,
  }),
  kind("set batch webhook", 1, { pick, webhook: ownWebhook }),
  kind("end batches", 2, { pick }),
  kind("delete job", 2, { pick }),
  kind("redeliver job", 1, { pick, age: fc.nat(500) }),
  kind("prune", 1, { limit, age: fc.nat(500), failedAge: fc.nat(500) }),
  kind("remove payloads", 1, { limit, age: fc.nat(500), failedAge: fc.nat(500) }),
  kind("claim deliveries", 4, {
    owner,
    limit,
    destinations: fc.integer({ min: 1, max: 4 }),
    maxBytes: fc.constantFrom(1, 1000, 1_000_000),
  }),
  kind("attempt", 8, {
    pick,
    handOver,
    state: fc.constantFrom("delivered" as const, "dead" as const, "due" as const),
    wait: fc.nat(300),
    says: fc.constantFrom(
      { kind: "ok" as const },
      { kind: "slow" as const },
      { kind: "neutral" as const },
      { kind: "failed" as const, pauseMs: 0 },
      { kind: "failed" as const, pauseMs: 0 },
      { kind: "failed" as const, pauseMs: 50 },
    ),
  }),
  kind("release delivery", 1, { pick }),
  kind("renew delivery", 1, { pick }),
  kind("redeliver", 2, { pick }),
  kind("recover", 1, { pick, limit: fc.integer({ min: 1, max: 4 }), age: fc.nat(500) }),
  kind("register", 2, {
    ...filter,
    identity: fc.constantFrom("x", "y", "z"),
    rate: fc.constantFrom(null, 10),
    maxWebhooks: fc.constantFrom(1, 10, 10),
  }),
  kind("update", 1, { ...filter, pick, isFirst: fc.boolean() }),
  kind("move webhook", 2, {
    pick,
    state: fc.constantFrom("active" as const, "paused" as const, "off" as const),
  }),
  kind("remove webhook", 1, { pick }),
  kind("prune webhooks", 1, { limit }),
  ...jobCalls,
  ...limitCalls,
  ...scheduleCalls,
);

/** Few kinds, so that many jobs meet at a limit, and many slots at a schedule. */
const limitedCall = fc.oneof(
  claim,
  kind("submit", 9, { job: limitedJob, maxQueued, handOver }),
  ...jobCalls,
  ...limitCalls,
  ...limitCalls,
);
const scheduledCall = fc.oneof(...jobCalls, ...scheduleCalls, ...scheduleCalls);

export type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** Sequences of calls. A third of them are all about limits, and a third about schedules. */
export function sequencesOf<T>(by: fc.Arbitrary<T>): fc.Arbitrary<[Call, T][]> {
  const arrays = [call, limitedCall, scheduledCall].map((each: fc.Arbitrary<Call>) =>
    fc.array(fc.tuple(each, by), { minLength: 1, maxLength: 160, size: "max" }),
  );
  return fc.oneof(...arrays);
}
export type CallOf<Kind extends Call["kind"]> = Extract<Call, { kind: Kind }>;

/** The item that a call picks. Undefined if there are none. */
export function some<T>(items: readonly T[], index: number): T | undefined {
  return items[index % Math.max(1, items.length)];
}
