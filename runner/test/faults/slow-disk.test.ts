import { mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";

/** An SD card or a network drive needs 10 to 100 ms. */
const SLOW_COMMIT_MS = 20;
const JOBS = 100;

let root: string;
let hang: string;
let full: string;
let receiver: Receiver;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-slow-disk-"));
  hang = join(root, "hang");
  full = join(root, "full");
  receiver = await createReceiver();
});

afterEach(async () => {
  await receiver.close();
  await rm(root, { recursive: true, force: true });
});

async function open(slowCommitMs = 0): Promise<Daemon> {
  const daemon = await startDaemon({
    root,
    entry: new URL("../support/faulty-store-daemon.ts", import.meta.url),
    plugins: { echo: "(input) => input" },
    env: { SLOW_COMMIT_MS: String(slowCommitMs), HANG_COMMITS_WHILE: hang, FULL_WHILE: full },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

async function submit(daemon: Daemon): Promise<string> {
  const body = { plugins: ["echo"], webhook: { url: receiver.url } };
  return (await daemon.post("/v1/jobs", body)).jobId;
}

function untilAllEvents(jobId: string) {
  return receiver.untilReceived(3, ({ event }) => event.jobId === jobId);
}

test("while a commit hangs, no job is accepted, and requests that only read get their response", async () => {
  const daemon = await open();
  const before = await submit(daemon);
  await untilAllEvents(before);
  await writeFile(hang, "");
  let accepted = false;
  const submitting = submit(daemon).then((jobId) => {
    accepted = true;
    return jobId;
  });
  for (let n = 0; n < 20; n += 1) {
    expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200);
    expect((await daemon.get(`/v1/jobs/${before}`)).status).toBe("completed");
    await sleep(5);
  }
  expect(accepted).toBe(false);
  await unlink(hang);
  await untilAllEvents(await submitting);
});

async function readiness(daemon: Daemon): Promise<{ status: number; detail?: string }> {
  const response = await fetch(`${daemon.url}/readyz`);
  return { ...((await response.json()) as object), status: response.status };
}

test("a daemon with a full disk is not ready and says why, until there is space again", async () => {
  const daemon = await open();
  await untilAllEvents(await submit(daemon));
  await writeFile(full, "");
  expect((await readiness(daemon)).status).toBe(200);
  const body = { plugins: ["echo"], input: "x".repeat(500_000) };
  const why = "The disk of the database is full.";
  await expect(daemon.post("/v1/jobs", body)).rejects.toThrow(/^507 .*DISK_FULL/);
  expect(await readiness(daemon)).toMatchObject({
    status: 503,
    detail: expect.stringContaining(why),
  });
  await expect(daemon.post("/v1/jobs", body)).rejects.toThrow(/DISK_FULL/);
  await unlink(full);
  await until("the daemon is ready", async () => (await readiness(daemon)).status === 200);
  await untilAllEvents(await submit(daemon));
  expect(daemon.output().match(/"store\.cannot-write"/g)).toHaveLength(1);
  expect(daemon.output().match(/"store\.can-write"/g)).toHaveLength(1);
});

test("a daemon that is killed while a commit hangs loses no accepted job", async () => {
  const first = await open();
  const accepted = await Promise.all(Array.from({ length: 20 }, () => submit(first)));
  await writeFile(hang, "");
  const unanswered = submit(first).then(
    () => "accepted",
    () => "no response",
  );
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  await first.end("SIGKILL");
  expect(await unanswered).toBe("no response");
  await unlink(hang);
  const second = await open();
  for (const jobId of accepted) {
    // An event whose delivery was not recorded before the kill can arrive twice, so the last one counts.
    await receiver.untilReceived(
      1,
      ({ event }) => event.jobId === jobId && event.status === "completed",
    );
    expect((await second.get(`/v1/jobs/${jobId}`)).status).toBe("completed");
  }
});

test("with commits of 20 ms, every event of a hundred jobs arrives in order", async () => {
  const daemon = await open(SLOW_COMMIT_MS);
  const ids = await Promise.all(Array.from({ length: JOBS }, () => submit(daemon)));
  for (const jobId of ids) {
    const arrived = await untilAllEvents(jobId);
    expect(arrived.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
  }
});
