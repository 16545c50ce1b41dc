import { afterEach, beforeEach, expect, test } from "vitest";
import { findProblems, type Problem } from "../../domain/problem.ts";
import {
  createWorld,
  HOOK,
  plugins,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import { answered } from "../../../test/support/scripted-sender.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

async function problems({ engine }: EngineInTest): Promise<readonly Problem[]> {
  const { facts } = await engine.status();
  return findProblems({ ...facts, notReady: [] });
}

const URL_WITH_SECRET = "https://hooks.example.com/path/with/a/secret";

test("the status counts the threads that jobs use, and the queue", async () => {
  const { engine, pool, submit } = await world.startEngine({ threads: 2 });
  for (let job = 0; job < 4; job += 1) await submit();
  await submit({ runAt: world.clock.now() + 60_000 });
  await pool.step(2);
  await world.settle();
  const ready = world.clock.now();
  await world.runUntil(ready + 10_000);
  expect(await engine.status()).toMatchObject({
    threads: { total: 2, busy: 2 },
    counts: { jobs: { queued: 3, running: 2 } },
    queue: { scheduled: 1, oldestReadyAt: ready },
    limits: [{ name: "queue", used: 3 }, { name: "webhooks" }, { name: "deliveries" }],
  });
});

test("jobs that wait for a plugin are a problem until the plugin can be loaded", async () => {
  const broken = new Set(["first"]);
  const engine = await world.startEngine({ broken, run: (step) => step.complete() });
  await engine.submit(plugins("first"));
  await engine.submit(plugins("first"));
  await world.settle();
  expect(await problems(engine)).toMatchObject([
    { kind: "jobs-waiting", count: 2, since: world.clock.now(), target: { plugin: "first" } },
  ]);
  broken.clear();
  engine.changePlugins();
  await world.settle();
  expect(await problems(engine)).toEqual([]);
});

test("an endpoint that asks to wait is a warning until then", async () => {
  let status = 429;
  const engine = await world.startEngine({
    run: (step) => step.complete(),
    answer: () => answered(status, { retryAfter: "30" }),
  });
  await engine.submit({ webhook: HOOK });
  await world.settle();
  const [problem] = await problems(engine);
  expect(problem).toMatchObject({
    kind: "destination-paused",
    severity: "warning",
    message: "http://endpoint.test asked the daemon to wait. 1 event waits.",
    until: world.clock.now() + 30_000,
  });
  expect((await engine.engine.status()).behind).toBe(1);
  status = 200;
  await world.runUntil(world.clock.now() + 60_000);
  expect(await problems(engine)).toEqual([]);
});

test("a webhook that was switched off is an error, and a paused one is a warning when events wait", async () => {
  const engine = await world.startEngine({
    run: (step) => step.complete(),
    answer: () => answered(410),
  });
  const { webhook } = await engine.engine.webhooks.register({ url: URL_WITH_SECRET });
  await engine.submit();
  await world.settle();
  // Without the path, which can be a secret.
  expect(await problems(engine)).toMatchObject([
    {
      kind: "webhook-off",
      message:
        "The webhook to https://hooks.example.com was switched off. The endpoint responded with 410 Gone. Its events are not stored.",
      target: { webhookId: webhook.id },
    },
  ]);
  await engine.engine.webhooks.update(webhook.id, { state: "paused" });
  expect(await problems(engine)).toEqual([]);
  await engine.submit();
  await world.settle();
  expect(await problems(engine)).toMatchObject([
    { kind: "webhook-paused", severity: "warning", target: { webhookId: webhook.id } },
  ]);
});
