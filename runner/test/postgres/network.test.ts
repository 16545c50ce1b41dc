/** The network between a daemon and PostgreSQL fails in ways that no error reports. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BusMessage } from "../../src/ports/bus.ts";
import { openBusSession } from "../../src/store/postgres/bus-session.ts";
import { createPostgresBus } from "../../src/store/postgres/postgres-bus.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { openSession } from "../../src/store/postgres/session.ts";
import { systemClock } from "../../src/system/clock.ts";
import { newJob, submit, UNLIMITED } from "../conformance/given.ts";
import { startProxy, type Proxy } from "../support/postgres/proxy.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { createTestLog } from "../support/test-log.ts";

let schema: Schema;
let proxy: Proxy;

beforeEach(async () => {
  schema = await createSchema();
  proxy = await startProxy(schema.url);
});

afterEach(async () => {
  await proxy.close();
  await schema.release();
});

const where = () => ({ url: proxy.url, schema: schema.name });

test.each([
  ["idle, one statement at a time", false, false],
  ["idle", true, false],
  ["waiting for answers, one statement at a time", false, true],
  ["waiting for answers", true, true],
])("a session in a black hole is closed in two seconds: %s", async (_, pipeline, isBusy) => {
  let ends = 0;
  const session = await openSession({ ...where(), pipeline, onEnd: () => (ends += 1) });
  await session.query("SELECT 1");
  proxy.freeze();
  const answers = isBusy ? [session.query("SELECT 2"), session.query("SELECT 3")] : [];
  const settled = Promise.allSettled(answers);
  const from = performance.now();
  await session.close();
  expect(performance.now() - from).toBeLessThan(4_000);
  expect((await settled).map(({ status }) => status)).toEqual(answers.map(() => "rejected"));
  await expect.poll(() => ends).toBe(1);
});

test("the end of a session that is cut off is told once", async () => {
  let ends = 0;
  const session = await openSession({ ...where(), pipeline: true, onEnd: () => (ends += 1) });
  const answer = session.query("SELECT pg_sleep(10)");
  proxy.cut();
  await expect(answer).rejects.toThrow(/terminated|ECONNRESET/);
  await session.close();
  expect(ends).toBe(1);
});

test("a change whose commit was not answered is stored once when it is repeated", async () => {
  const store = await createPostgresStore(where());
  await submit(store);
  proxy.muteServerAt("COMMIT");
  const job = newJob({ idempotency: { key: "k", fingerprint: "f" } });
  const lost = store.submitJob(job, UNLIMITED).then(
    () => "stored",
    (error: unknown) => error,
  );
  await expect
    .poll(() => schema.query(`SELECT id FROM jobs WHERE id = $1`, [job.id]))
    .toHaveLength(1);
  proxy.cut();
  proxy.thaw();
  expect(await lost).toMatchObject({ code: "STORE_UNREACHABLE", cause: expect.any(Error) });
  const again = newJob({ idempotency: { key: "k", fingerprint: "f" } });
  expect(await store.submitJob(again, UNLIMITED)).toMatchObject({ kind: "duplicate" });
  expect((await store.counts()).jobs.queued).toBe(2);
  await store.close();
}, 30_000);

test("a store whose server does not answer gives the call up, and goes on with a new session", async () => {
  const store = await createPostgresStore(where());
  await submit(store);
  proxy.freeze();
  await expect(submit(store)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  proxy.thaw();
  await expect
    .poll(() =>
      submit(store).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await store.close();
}, 60_000);

test("a half-open connection is noticed by the bus, and what was sent meanwhile arrives", async () => {
  const bus = (url: string) =>
    createPostgresBus({
      url,
      schema: schema.name,
      clock: systemClock,
      log: createTestLog(),
      onTime: () => {},
    });
  const [a, b] = [await bus(proxy.url), await bus(schema.url)];
  const heard: BusMessage[] = [];
  b.listen((message) => void heard.push(message));
  proxy.freeze();
  a.send({ kind: "resumed", destination: 7 });
  await expect.poll(() => a.state(), { timeout: 15_000 }).toBe("down");
  proxy.cut();
  proxy.thaw();
  await expect
    .poll(() => heard, { timeout: 15_000 })
    .toContainEqual({ kind: "resumed", destination: 7 });
  await expect.poll(() => a.state()).toBe("up");
  await Promise.all([a.close(), b.close()]);
}, 60_000);

test("a bus in a black hole is closed in a few seconds", async () => {
  const bus = await createPostgresBus({
    ...where(),
    clock: systemClock,
    log: createTestLog(),
    onTime: () => {},
  });
  proxy.freeze();
  bus.send({ kind: "jobs" });
  const from = performance.now();
  await bus.close();
  expect(performance.now() - from).toBeLessThan(8_000);
}, 30_000);

test("the server's time is between the instants at which it was asked and answered", async () => {
  const session = await openBusSession({ ...where(), clock: systemClock });
  const slow = session.check();
  const { now, from, to } = await slow;
  const offset = systemClock.now() - systemClock.monotonic();
  // The server is on this machine, so the clocks are the same.
  expect(now - offset).toBeGreaterThanOrEqual(from - 2);
  expect(now - offset).toBeLessThanOrEqual(to + 2);
  await session.close();
});
