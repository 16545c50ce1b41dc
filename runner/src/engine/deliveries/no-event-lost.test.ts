/**
 * No event is thrown away, whatever the traffic is: a delivery that was given up has used up its
 * retries, was too old or got a final answer, and `recover` brings it back.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  beatAt,
  createWorld,
  HOOK,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import { answered, NO_ANSWER } from "../../../test/support/scripted-sender.ts";
import type { Answer } from "../../domain/delivery.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MAX_AGE_MS = 7 * DAY_MS;
const ALL = { limit: 500, cursor: null };

interface Run {
  readonly world: World;
  /** The engine that runs now. */
  engine: EngineInTest;
  /** Submits jobs with their own webhook, if there is no persistent one. */
  submit(jobs: number): Promise<void>;
  /** Lets time pass in which the daemon is up. */
  pass(ms: number, stepMs?: number): Promise<void>;
  restart(downMs: number): Promise<void>;
}

interface Shape {
  readonly retries?: number;
  readonly isPersistent?: boolean;
  readonly drive: (run: Run) => Promise<void>;
}

const webhookOf = async ({ engine }: Run) => (await engine.engine.webhooks.list(ALL)).items[0]!;

const SHAPES: Readonly<Record<string, Shape>> = {
  "an event a week": {
    isPersistent: true,
    async drive(run) {
      for (let week = 0; week < 4; week += 1) {
        await run.submit(1);
        await run.pass(7 * DAY_MS, 6 * HOUR_MS);
      }
    },
  },
  bursts: {
    async drive(run) {
      for (let burst = 0; burst < 3; burst += 1) {
        await run.submit(15);
        await run.pass(HOUR_MS);
      }
    },
  },
  "a daemon that is down for six days": {
    async drive(run) {
      await run.submit(5);
      await run.pass(10 * MINUTE_MS);
      await run.restart(6 * DAY_MS);
      await run.submit(2);
    },
  },
  "an n8n that restarts": {
    async drive(run) {
      for (let restart = 0; restart < 6; restart += 1) {
        await run.submit(2);
        await run.pass(20 * MINUTE_MS, MINUTE_MS);
      }
    },
  },
  "a webhook that is paused for thirty days": {
    isPersistent: true,
    async drive(run) {
      await run.submit(3);
      const { id } = await webhookOf(run);
      await run.engine.engine.webhooks.update(id, { state: "paused" });
      await run.submit(3);
      await run.pass(30 * DAY_MS, DAY_MS);
      const { items } = await run.world.store.deliveries({}, ALL);
      for (const each of items) expect(each.reason ?? "").not.toContain("older");
      await run.engine.engine.webhooks.update(id, { state: "active" });
    },
  },
  "no retries": { retries: 0, drive: (run) => run.submit(8) },
  "five retries": { retries: 5, drive: (run) => run.submit(8) },
  "ten retries": { retries: 10, drive: (run) => run.submit(8) },
  load: {
    retries: 2,
    async drive(run) {
      for (let minute = 0; minute < 20; minute += 1) {
        await run.submit(3);
        await run.pass(MINUTE_MS, MINUTE_MS);
      }
    },
  },
  "load on a persistent webhook": {
    retries: 1,
    isPersistent: true,
    async drive(run) {
      for (let hour = 0; hour < 20; hour += 1) {
        await run.submit(2);
        await run.pass(12 * HOUR_MS, 3 * HOUR_MS);
      }
    },
  },
};

async function createRun(world: World, shape: Shape, answer: () => Answer): Promise<Run> {
  const { retries = 5, isPersistent = false } = shape;
  const on = ["started", "completed"] as const;
  const start = () => world.startEngine({ run: (step) => step.complete(), answer });
  const run: Run = {
    world,
    engine: await start(),
    async submit(jobs) {
      const webhook = isPersistent ? null : { ...HOOK, on, retries };
      for (let n = 0; n < jobs; n += 1) await run.engine.submit({ webhook });
      await world.settle();
    },
    async pass(ms, stepMs = 5 * MINUTE_MS) {
      const until = world.clock.now() + ms;
      while (world.clock.now() < until) {
        const next = Math.min(until, world.clock.now() + stepMs);
        for (let now = world.clock.now(); now < next; now += 4 * MINUTE_MS) {
          void world.store.beat(beatAt(now, 5 * MINUTE_MS));
        }
        world.clock.moveTo(next);
        await world.settle();
      }
    },
    async restart(downMs) {
      await run.engine.engine.stop({ graceMs: 0 });
      world.clock.moveTo(world.clock.now() + downMs);
      run.engine = await start();
      await world.settle();
    },
  };
  if (isPersistent)
    await run.engine.engine.webhooks.register({ url: HOOK.url, on: [...on], retries });
  return run;
}

/** Lets time pass until nothing is open. */
async function end(run: Run): Promise<void> {
  for (const [rounds, stepMs] of [
    [60, MINUTE_MS],
    [200, 6 * HOUR_MS],
  ] as const) {
    for (let round = 0; round < rounds; round += 1) {
      const { due, waiting } = (await run.world.store.counts()).deliveries;
      if (due + waiting === 0) return;
      await run.pass(stepMs, stepMs);
    }
  }
}

const answers = fc.array(
  fc.constantFrom(
    NO_ANSWER,
    NO_ANSWER,
    answered(500),
    answered(404),
    answered(503, { retryAfter: "120" }),
    answered(400),
    answered(200),
  ),
  { minLength: 1, maxLength: 12 },
);

test.each(Object.entries(SHAPES))(
  "a delivery is given up for a reason, and comes back: %s",
  { timeout: 120_000 },
  async (_, shape) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constant([NO_ANSWER]), answers), async (script) => {
        const world = await createWorld();
        try {
          let isWorking = false;
          let sent = 0;
          const run = await createRun(world, shape, () => {
            sent += 1;
            return isWorking ? answered(200) : (script[sent % script.length] ?? NO_ANSWER);
          });
          await shape.drive(run);
          await end(run);
          await expectReasons(run, shape);
          isWorking = true;
          await recoverAll(run);
          await end(run);
          const { dead, due, waiting } = (await world.store.counts()).deliveries;
          expect({ dead, due, waiting }).toEqual({ dead: 0, due: 0, waiting: 0 });
        } finally {
          await world.close();
        }
      }),
      { numRuns: 2 },
    );
  },
);

async function expectReasons({ world }: Run, { retries = 5 }: Shape): Promise<void> {
  const { due, waiting } = (await world.store.counts()).deliveries;
  expect(due + waiting).toBe(0);
  const { items: dead } = await world.store.deliveries({ state: "dead" }, ALL);
  for (const { reason, attempts, createdAt, endedAt } of dead) {
    const isUsedUp = reason?.startsWith(`Given up after ${retries + 1} attempt`) ?? false;
    const isTooOld = /older than 7 days/.test(reason ?? "");
    const isFinal = /not retried/.test(reason ?? "");
    const isOff = reason?.startsWith("Every attempt has failed since") ?? false;
    expect(isUsedUp || isTooOld || isFinal || isOff, reason ?? "").toBe(true);
    if (isUsedUp) expect(attempts).toBe(retries + 1);
    if (isTooOld) expect((endedAt ?? 0) + DAY_MS - createdAt).toBeGreaterThanOrEqual(MAX_AGE_MS);
  }
}

async function recoverAll({ world, engine: { engine } }: Run): Promise<void> {
  for (const { id } of (await engine.webhooks.list(ALL)).items) {
    await engine.webhooks.update(id, { state: "active" });
  }
  for (const { id } of (await world.store.destinations(ALL)).items) {
    await engine.recoverDestination(id, 0);
  }
}
