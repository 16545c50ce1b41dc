/** Arbitrary calls of the port, as data. The interleavings are made of them. */
import fc from "fast-check";
import { EVENT_KINDS } from "../../src/domain/event.ts";
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
const job = fc.record({
  priority: fc.integer({ min: 0, max: 2 }),
  delay: fc.constantFrom(0, 0, 0, 50, 2000),
  steps: fc.integer({ min: 1, max: 2 }),
  name: fc.constantFrom(null, "n"),
  tags: fc.subarray([...TAGS]),
  webhook: ownWebhook,
  idempotency,
});
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

/** Whether the caller has room for what becomes due. */
const handOver = fc.boolean();

export const call = fc.oneof(
  kind("submit", 4, { job, maxQueued, handOver }),
  kind("submit batch", 2, {
    jobs: fc.array(job, { maxLength: 3 }),
    webhook: ownWebhook,
    idempotency,
    maxQueued,
  }),
  kind("set batch webhook", 1, { pick, webhook: ownWebhook }),
  kind("end batches", 2, { pick }),
  kind("claim", 3, {
    owner,
    limit,
    ahead: fc.integer({ min: 0, max: 2 }),
    plugins: fc.constantFrom(BOTH, BOTH, BOTH, ["first"], ["second"], []),
    elsewhere: fc.constantFrom([], [], ["first"]),
    waitLimitMs: fc.constantFrom(1000, 1000, 20, 0),
  }),
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
  kind("delete job", 2, { pick }),
  kind("redeliver job", 1, { pick, age: fc.nat(500) }),
  kind("reap", 1, { owner }),
  kind("beat", 1, {
    owner,
    upForMs: fc.constantFrom(-1, 100, 1_000),
    plugins: fc.constantFrom(BOTH, ["second"], []),
  }),
  kind("prune", 1, { limit, age: fc.nat(500), failedAge: fc.nat(500) }),
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
  kind("shift", 1, { ms: fc.constantFrom(-200, -30) }),
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
  kind("wait", 3, { ms: fc.constantFrom(1, 20, 200, LEASE_MS + 1, 6_000) }),
);
export type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;
export type CallOf<Kind extends Call["kind"]> = Extract<Call, { kind: Kind }>;
