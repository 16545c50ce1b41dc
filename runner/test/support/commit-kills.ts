/** Daemons that are killed before and after the commit of a change. The tests are the same for each store. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "./daemon.ts";
import { killable, MOMENTS, planKill, type Moment } from "./kill-at-commit.ts";
import { until } from "./until.ts";

const PLUGINS = {
  collects: `async (input) => input.items`,
  /** Says that it begins, and ends when the file of its id exists. */
  alone: {
    limits: `{ concurrency: 1 }`,
    run: `async (input, { signal }) => {
      appendFileSync(input.folder + "/steps", "begin " + input.id + "\\n");
      while (!existsSync(input.folder + "/" + input.id)) await sleep(5, undefined, { signal });
      appendFileSync(input.folder + "/steps", "end " + input.id + "\\n");
    }`,
  },
  pauses: {
    limits: `{ concurrency: 1 }`,
    run: `async ({ pauseMs }, { limit }) => { if (pauseMs) limit.pause(pauseMs); }`,
  },
  "uses-key": {
    secrets: `["API_KEY"]`,
    run: `async (_, { secrets }) => secrets.API_KEY`,
  },
};

/** Daemons on one database, one after the other. */
export interface Database {
  start(env?: Record<string, string>): Promise<Daemon>;
  /** What is wrong in it. */
  problems(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Parts of the statements of a store. */
export interface Statements {
  readonly merge: string;
  readonly freeSlot: string;
  readonly giveSlot: string;
  readonly pause: string;
  readonly setSecret: string;
}

export function describeCommitKills(
  statements: Statements,
  open: (plugins: typeof PLUGINS) => Promise<Database>,
): void {
  let folder: string;
  let plan: string;
  let database: Database;
  let daemon: Daemon;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commit-kills-"));
    plan = join(folder, "plan");
    await writeFile(join(folder, "steps"), "");
    database = await open(PLUGINS);
    daemon = await database.start(killable(plan));
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  /** The act must end the daemon. The next one finds nothing wrong. */
  async function killDuring(
    at: Moment,
    on: keyof Statements,
    act: () => Promise<unknown>,
  ): Promise<void> {
    const killed = daemon;
    await planKill(plan, at, statements[on]);
    // The answer to the request is lost with the daemon.
    await act().catch(() => {});
    await until("the daemon to be killed", () => killed.process.signalCode === "SIGKILL");
    expect(await database.problems()).toEqual([]);
    daemon = await database.start();
  }

  const put = (path: string, body: object) =>
    daemon.request(path, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const read = (jobId: string) => daemon.get(`/v1/jobs/${jobId}`);
  const untilCompleted = (jobId: string) =>
    until("the job to complete", async () => {
      const job = await read(jobId);
      return job.status === "completed" ? job : null;
    });
  const steps = async () => (await readFile(join(folder, "steps"), "utf8")).trim().split("\n");
  const release = (id: string) => writeFile(join(folder, id), "");
  const submitAlone = async (id: string): Promise<string> =>
    (await daemon.post("/v1/jobs", { plugins: ["alone"], input: { id, folder } })).jobId;

  describe.each(MOMENTS)("killed %s the commit of", (at) => {
    const isStored = at === "after";

    test("a merge, a debounced job has each request once", async () => {
      const merge = (item: number, delayMs = 3_600_000): Promise<{ jobId: string }> =>
        daemon.post(
          "/v1/jobs",
          {
            plugins: ["collects"],
            input: { items: [item] },
            debounce: { key: "a", delayMs, maxMs: 3_600_000, collect: "/items" },
          },
          { "idempotency-key": `request-${item}` },
        );
      const { jobId } = await merge(1);
      await killDuring(at, "merge", () => merge(2));
      expect((await read(jobId)).input).toEqual({ items: isStored ? [1, 2] : [1] });
      expect(await merge(2)).toMatchObject({ jobId });
      expect(await merge(3, 1)).toMatchObject({ jobId });
      expect(await untilCompleted(jobId)).toMatchObject({ output: [1, 2, 3] });
    });

    test("the end of a job, its slot goes to the next job, once", async () => {
      const first = await submitAlone("a");
      await until("the step to begin", async () => (await steps()).includes("begin a"));
      const second = await submitAlone("b");
      await killDuring(at, "freeSlot", () => release("a"));
      await release("b");
      await Promise.all([first, second].map(untilCompleted));
      const again = isStored ? [] : ["begin a", "end a"];
      expect(await steps()).toEqual(["begin a", "end a", ...again, "begin b", "end b"]);
      expect(await daemon.get("/v1/limits/alone")).toMatchObject({ running: 0, queued: 0 });
    });

    test("a slot that is given, its job runs, and the next one after it", async () => {
      const first = await submitAlone("a");
      await until("the step to begin", async () => (await steps()).includes("begin a"));
      const later = [await submitAlone("b"), await submitAlone("c")];
      await killDuring(at, "giveSlot", () => release("a"));
      await until("the step to begin", async () => (await steps()).includes("begin b"));
      const { items } = await daemon.get("/v1/jobs?status=running");
      expect(items).toMatchObject([{ jobId: later[0], attempts: isStored ? 2 : 1 }]);
      await release("b");
      await release("c");
      await Promise.all([first, ...later].map(untilCompleted));
      expect(await steps()).toEqual(["a", "b", "c"].flatMap((id) => [`begin ${id}`, `end ${id}`]));
      expect(await daemon.get("/v1/limits/alone")).toMatchObject({ running: 0, queued: 0 });
    });

    test("an operator's pause, the limit is paused or not, and can be paused again", async () => {
      const job = { plugins: ["pauses"], input: {} };
      await daemon.post("/v1/jobs", job, { prefer: "wait=30" });
      const pause = () => daemon.post("/v1/limits/pauses/pause", { forMs: 3_600_000 });
      await killDuring(at, "pause", pause);
      const { paused } = await daemon.get("/v1/limits/pauses");
      expect(paused !== null).toBe(isStored);
      await pause();
      const { jobId } = await daemon.post("/v1/jobs", job);
      await until("the job to wait", async () => (await read(jobId)).waitingFor);
      await daemon.post("/v1/limits/pauses/resume", {});
      await untilCompleted(jobId);
    });

    test("a step's pause, its limit is paused in any case", async () => {
      const job = { plugins: ["pauses"], input: { pauseMs: 3_600_000 } };
      const submit = () => daemon.post("/v1/jobs", job, { "idempotency-key": "a" });
      await killDuring(at, "pause", submit);
      const { jobId } = await submit();
      const expectPaused = async () =>
        expect((await daemon.get("/v1/limits/pauses")).paused).toMatchObject({ by: "pauses" });
      if (isStored) {
        await expectPaused();
        // If the step's result was not stored as well, the pause holds back the step, which runs again.
        await daemon.post("/v1/limits/pauses/resume", {});
        await untilCompleted(jobId);
      } else {
        await untilCompleted(jobId);
        await expectPaused();
      }
    });

    test("a secret, steps get the old value or the new one, and it can be set again", async () => {
      const set = (value: string) => put("/v1/secrets/API_KEY", { value });
      const run = async () =>
        (await daemon.post("/v1/jobs", { plugins: ["uses-key"] }, { prefer: "wait=30" })).output;
      await set("old-0123456789");
      await killDuring(at, "setSecret", () => set("new-0123456789"));
      expect(await run()).toBe(isStored ? "new-0123456789" : "old-0123456789");
      expect((await set("next-0123456789")).status).toBe(200);
      expect(await run()).toBe("next-0123456789");
    });
  });
}
