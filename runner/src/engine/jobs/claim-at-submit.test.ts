import { afterEach, beforeEach, expect, test } from "vitest";
import type { Store } from "../../ports/store/store.ts";
import {
  createWorld,
  interceptCalls,
  plugins,
  REQUEST,
  type World,
} from "../../../test/support/engine.ts";
import { holdReplies } from "../../../test/support/held-replies.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

/** Records the names of the writes that claimed a job. */
function recordClaims() {
  const claims: string[] = [];
  const intercept = (store: Store): Store => ({
    ...store,
    async claimJobs(request) {
      const claimed = await store.claimJobs(request);
      if (claimed.jobs.length > 0) claims.push("claimJobs");
      return claimed;
    },
    async submitJob(job, request) {
      const outcome = await store.submitJob(job, request);
      if (outcome.kind === "accepted" && outcome.claim !== undefined) claims.push("submitJob");
      return outcome;
    },
  });
  return { claims, intercept };
}

test("a job with room begins without a claim of its own", async () => {
  const { claims, intercept } = recordClaims();
  const { pool, submit } = await world.startEngine({ intercept });
  await world.settle();
  const id = await submit();
  await world.settle();
  expect(pool.begun.map(({ task }) => task.jobId)).toEqual([id]);
  expect(claims).toEqual(["submitJob"]);
});

test("of jobs that are submitted together, no more are claimed than there are threads", async () => {
  const { pool, submit } = await world.startEngine({ threads: 2 });
  await world.settle();
  const ids = await Promise.all([submit(), submit(), submit(), submit()]);
  await world.settle();
  const states = await Promise.all(ids.map(async (id) => (await world.job(id)).status));
  expect(states).toEqual(["running", "running", "queued", "queued"]);
  expect(pool.begun).toHaveLength(2);
});

test("a job whose plugin cannot be loaded is not claimed", async () => {
  const { claims, intercept } = recordClaims();
  const { submit } = await world.startEngine({ intercept, broken: new Set(["first"]) });
  await world.settle();
  await submit(plugins("first"));
  await world.settle();
  expect(claims).toEqual([]);
});

test("while all threads are busy, a job with a small input is claimed ahead, and one with a large input is not", async () => {
  const { claims, intercept } = recordClaims();
  const { pool, submit } = await world.startEngine({ intercept, threads: 1 });
  await world.settle();
  await submit();
  (await pool.step(1)).complete();
  await world.settle();
  await submit();
  await submit();
  expect(claims).toEqual(["submitJob", "submitJob", "submitJob"]);
  await submit({ input: "x".repeat(200_000) });
  await world.settle();
  expect(claims).toEqual(["submitJob", "submitJob", "submitJob", "claimJobs"]);
});

test("room that was kept for a job that turned out to be known is used at once", async () => {
  const first = await world.startEngine({ threads: 1 });
  await first.submit({ idempotencyKey: "key" });
  (await first.pool.step(1)).complete();
  await world.settle();
  await first.engine.stop({ graceMs: 0 });
  const submits = holdReplies("submitJob");
  const { engine, pool, submit } = await world.startEngine({ ...submits, threads: 1 });
  await world.settle();
  submits.hold();
  const again = submit({ idempotencyKey: "key" });
  await world.settle();
  await engine.submitBatch({ jobs: [REQUEST], webhook: null, idempotencyKey: null });
  await world.settle();
  expect(pool.begun).toHaveLength(0);
  submits.release();
  await again;
  await world.settle();
  expect(pool.begun).toHaveLength(1);
});

test("a job that is claimed when the daemon has begun to stop goes back into the queue", async () => {
  const submits = holdReplies("submitJob");
  const { engine, pool, submit } = await world.startEngine(submits);
  await world.settle();
  submits.hold();
  const submitted = submit();
  await world.settle();
  const stopped = engine.stop({ graceMs: 1_000 });
  submits.release();
  const id = await submitted;
  await stopped;
  expect(await world.job(id)).toMatchObject({ status: "queued", stepAttempts: 0 });
  expect(pool.begun).toHaveLength(0);
});

test("a job that cannot go back when the daemon stops is accepted", async () => {
  const submits = holdReplies("submitJob");
  const { engine, logged, submit } = await world.startEngine({
    intercept: (store) =>
      interceptCalls(submits.intercept(store), async (call, name) => {
        if (name === "releaseJobs") throw new Error("The store does not answer.");
        return call();
      }),
  });
  await world.settle();
  submits.hold();
  const submitted = submit();
  await world.settle();
  const stopped = engine.stop({ graceMs: 1_000 });
  submits.release();
  const id = await submitted;
  await stopped;
  expect((await world.job(id)).status).toBe("running");
  expect(logged.filter(({ message }) => message === "job.release-failed")).toMatchObject([
    { fields: { jobId: id } },
  ]);
});
