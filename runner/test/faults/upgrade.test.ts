/**
 * This version upgrades the data folder of each released version, even when it is killed while it
 * migrates or resumes jobs. The API, the endpoints and `check` show whether anything was lost.
 * New migrations get kill points automatically (upgrade/kill-points.ts). A change that stores
 * something new must add it to scripts/data-dir/fill.ts, for the next version's folder, and here.
 */
import { beforeAll, describe, expect, onTestFailed, onTestFinished, test } from "vitest";
import { dataDirVersions } from "../support/data-dir-fixtures.ts";
import { checkKeys, checkTokens } from "./upgrade/check-access.ts";
import { checkArrivals, checkDeliveries, checkThrottled } from "./upgrade/check-deliveries.ts";
import { checkBatches, checkJobs, checkRuns, checkWebhooks } from "./upgrade/check-jobs.ts";
import { chooseKillPoints } from "./upgrade/kill-points.ts";
import { openTrial, type Trial } from "./upgrade/trial.ts";

const POINTS = 20;

describe.each(dataDirVersions())("the data folder of %s", (version) => {
  let points: { readonly at: number; readonly statement: string }[] = [];

  beforeAll(async () => {
    const trial = await openTrial(version);
    try {
      const daemon = await trial.start();
      await trial.untilDone(trial.client(daemon), waitingWebhooks(trial));
      const trace = await trial.trace();
      points = chooseKillPoints(trace, POINTS).map((at) => ({
        at,
        statement: trace[at - 1] ?? "",
      }));
    } finally {
      await trial.close();
    }
  });

  async function open(): Promise<Trial> {
    const trial = await openTrial(version);
    onTestFinished(() => trial.close());
    return trial;
  }

  test("is upgraded", async () => {
    await finishAndCheck(await open());
  });

  test.each(Array.from({ length: POINTS }, (_, index) => index + 1))(
    `is upgraded after a kill at point %d of ${POINTS}`,
    async (point) => {
      const { at, statement } = points[point - 1] ?? { at: 0, statement: "" };
      onTestFailed(() =>
        console.error(`The daemon was killed before statement ${at}: ${statement}`),
      );
      const trial = await open();
      const killed = await trial.startAndKill(at);
      expect(killed, killed.output).toMatchObject({ signal: "SIGKILL", statements: at });
      expect(await trial.check()).toMatchObject({ code: 0 });
      await finishAndCheck(trial);
    },
  );
});

/** Starts a daemon, waits until it has done all that it can, and checks the result. */
async function finishAndCheck(trial: Trial): Promise<void> {
  const { manifest, received } = trial;
  const arrivedBeforeKill = arrivedEvents(trial);
  const daemon = await trial.start();
  const client = trial.client(daemon);
  await checkTokens(daemon, manifest);
  await checkKeys(daemon, manifest);
  await trial.untilDone(client, waitingWebhooks(trial));
  const settled = await trial.readState(client);
  checkWebhooks(manifest, settled.webhooks);
  checkThrottled(manifest, settled.deliveries);
  const quiet = manifest.webhooks.filter(({ id }) => waitingWebhooks(trial).includes(id));
  const reached = new Set(received.map(({ path }) => path));
  expect(quiet.filter(({ url }) => reached.has(new URL(url).pathname))).toEqual([]);

  for (const { id, state } of quiet) {
    const isPaused = state === "paused";
    if (isPaused) await client.send("PATCH", `/v1/webhooks/${id}`, { body: { state: "active" } });
    else await client.post(`/v1/webhooks/${id}/recover`, { since: "2000-01-01T00:00:00Z" });
  }
  await trial.untilDone(client);
  const after = await trial.readState(client);
  checkJobs(manifest, after, trial.now());
  checkBatches(manifest, after);
  checkRuns(manifest, after, { runs: await trial.runs(), arrivedBeforeKill });
  checkDeliveries(manifest, after);
  checkArrivals(manifest, after, received);
  expect(await daemon.end("SIGTERM"), daemon.output()).toBe(0);
  // 50 is Pino's level for errors.
  expect(daemon.output()).not.toContain('"level":50');
  expect(await trial.check()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("No problems found"),
  });
}

/** Webhooks that receive nothing yet: they are paused, or their endpoint's Retry-After has not passed. */
function waitingWebhooks({ manifest }: Trial): string[] {
  const paused = manifest.webhooks.filter(({ state }) => state === "paused");
  return [...paused.map(({ id }) => id), ...manifest.throttled];
}

/** The sequences of the events that have arrived, by job. */
function arrivedEvents({ received }: Trial): Map<string, number[]> {
  const byJob = Map.groupBy(received, ({ event }) => String(event.jobId));
  return new Map(
    [...byJob].map(([id, all]) => [id, all.map(({ event }) => Number(event.sequence))]),
  );
}
