/**
 * Power cuts: what a client or a receiver has seen is in the database, wherever the power is cut. The
 * writes of a real daemon under load are recorded and replayed onto a disk that loses what no sync kept.
 */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { openReader } from "../../src/store/sqlite/connection.ts";
import { startDaemon } from "../support/daemon.ts";
import { createRandom } from "../support/random.ts";
import { createReceiver } from "../support/receiver.ts";
import { createDisk } from "./harness/power-cut.ts";
import { SEED } from "./harness/trial.ts";
import { canTrace, traceWrites, type Write } from "./harness/write-trace.ts";

const CUTS = Number(process.env["POWER_CUTS"] ?? 1_000);
const FILES = ["playground.db", "playground.db-wal"];
/** Enough for a checkpoint of the write-ahead log, which begins at 4,000 pages. */
const JOBS = 200;
const CLIENTS = 8;
/** The clocks of the trace and of this process are read one after the other. */
const CLOCK_MS = 1;

/** A job's id after its 202, or `JOB SEQUENCE` of an event that arrived. */
interface Seen {
  readonly what: string;
  readonly at: number;
}

let root: string;
let writes: readonly Write[];
const seen: Seen[] = [];

const now = (): number => performance.timeOrigin + performance.now();

describe.skipIf(!(await canTrace()))(`power cuts, seed ${SEED}`, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "power-cut-"));
    writes = await recordLoad();
  }, 300_000);
  afterAll(() => rm(root, { recursive: true, force: true }));

  test(
    `after ${CUTS} cuts, the database is whole and has every job and event that was seen`,
    { timeout: 900_000 },
    async () => {
      const kinds = new Set(writes.map(({ file, kind }) => `${file} ${kind}`));
      // A checkpoint was among the calls.
      expect([...kinds]).toContain("playground.db write");
      expect(await problemsAfterCuts(writes, CUTS)).toEqual([]);
    },
  );

  test(
    "without the syncs, the database is damaged or jobs are lost",
    { timeout: 300_000 },
    async () => {
      const unsynced = writes.filter(({ kind }) => kind !== "sync");
      expect(await problemsAfterCuts(unsynced, 20)).not.toEqual([]);
    },
  );
});

/** Runs jobs in a daemon, keeps its files from before, and returns what it wrote meanwhile. */
async function recordLoad(): Promise<readonly Write[]> {
  const receiver = await createReceiver(({ event }, response) => {
    seen.push({ what: `${event.jobId} ${event.sequence}`, at: now() });
    response.end();
  });
  const daemon = await startDaemon({ plugins: { echo: "(input) => input" } });
  try {
    await Promise.all(["base", "calls"].map((name) => mkdir(join(root, name))));
    const { pid } = daemon.process;
    const trace = await traceWrites(pid!, daemon.dataDir, join(root, "calls"));
    for (const file of FILES) await copyFile(join(daemon.dataDir, file), join(root, "base", file));
    const job = {
      plugins: ["echo", "echo"],
      input: "x".repeat(8_000),
      webhook: { url: receiver.url, on: ["started", "completed"] },
    };
    let left = JOBS;
    const submit = async (): Promise<void> => {
      for (; left > 0;) {
        left -= 1;
        const { jobId } = await daemon.post("/v1/jobs", job);
        seen.push({ what: jobId, at: now() });
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, submit));
    await receiver.untilReceived(JOBS, ({ event }) => event.status === "completed");
    return (await trace.stop()).filter(({ file }) => FILES.includes(file));
  } finally {
    await daemon.close();
    await receiver.close();
  }
}

/** Cuts the power at that many calls, one after the other, and returns what is wrong afterwards. */
async function problemsAfterCuts(calls: readonly Write[], cuts: number): Promise<string[]> {
  const random = createRandom(SEED);
  const [kept, cut] = ["kept", "cut"].map((name) => join(root, name)) as [string, string];
  await mkdir(kept, { recursive: true });
  for (const file of FILES) await copyFile(join(root, "base", file), join(kept, file));
  const disk = createDisk(kept, FILES);
  const at = new Set(Array.from({ length: cuts }, () => Math.floor(random() * calls.length)));
  const problems: string[] = [];
  for (const [n, call] of calls.entries()) {
    if (at.has(n)) {
      disk.cut(cut, random);
      const before = seen.filter((each) => each.at + CLOCK_MS < call.at);
      problems.push(...problemsIn(join(cut, FILES[0]!), before).map((each) => `cut ${n}: ${each}`));
    }
    disk.apply(call);
  }
  return problems;
}

function problemsIn(path: string, before: readonly Seen[]): string[] {
  try {
    const broken = checkDatabase(path).broken.flatMap((each) => each.problems);
    const there = whatIsIn(path);
    const lost = before.filter(({ what }) => !there.has(what)).map(({ what }) => `lost ${what}`);
    return [...broken, ...lost];
  } catch (error) {
    // The file is so damaged that it cannot be read.
    return [String(error)];
  }
}

function whatIsIn(path: string): ReadonlySet<unknown> {
  const db = openReader(path);
  try {
    const rows = db
      .prepare(
        `SELECT id AS what FROM jobs
         UNION ALL
         SELECT jobs.id || ' ' || events.sequence FROM events JOIN jobs ON jobs.seq = events.job`,
      )
      .all();
    return new Set(rows.map(({ what }) => what));
  } finally {
    db.close();
  }
}
