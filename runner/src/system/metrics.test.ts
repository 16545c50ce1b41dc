import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

const COUNTS = {
  jobs: { queued: 0, running: 0, completed: 0, failed: 0 },
  deliveries: { waiting: 0, due: 0, delivered: 0, dead: 0 },
  webhooks: { active: 0, paused: 0, off: 0 },
  schedules: { active: 0, paused: 0, ended: 0 },
};
const SIZE = { bytes: 4096_000, freeBytes: 8192 };
const IDLE = { inFlight: 0, bytesInFlight: 0, openDestinations: 0 };

test("attempts are counted by outcome, with the wait for the first attempt and the end-to-end latency", async () => {
  const metrics = createMetrics();
  const attempt = { durationMs: 100, first: false, sinceEventMs: 5_000 };
  metrics.attemptEnded({
    destination: 1,
    ...attempt,
    outcome: "retry",
    first: true,
    sinceEventMs: 300,
  });
  metrics.attemptEnded({ destination: 1, ...attempt, outcome: "delivered" });
  metrics.attemptEnded({ destination: 1, ...attempt, outcome: "dead" });
  metrics.attemptEnded({
    destination: 1,
    ...attempt,
    outcome: "delivered",
    first: true,
    sinceEventMs: 600,
  });
  const lines = (await metrics.render(COUNTS, SIZE, IDLE)).split("\n");
  const attempts = "playground_delivery_attempt_duration_seconds_count";
  expect(lines).toEqual(
    expect.arrayContaining([
      `${attempts}{outcome="retry"} 1`,
      `${attempts}{outcome="delivered"} 2`,
      `${attempts}{outcome="dead"} 1`,
      // From the event to the start of the attempt: 0.3 − 0.1 s and 0.6 − 0.1 s.
      "playground_delivery_first_attempt_wait_seconds_sum 0.7",
      "playground_delivery_first_attempt_wait_seconds_count 2",
      "playground_delivery_lag_seconds_sum 5.6",
      "playground_delivery_lag_seconds_count 2",
      "playground_deliveries_first_try_total 1",
    ]),
  );
});

test("each outcome of an attempt and each limit is 0 before the first one", async () => {
  const lines = (await createMetrics().render(COUNTS, SIZE, IDLE)).split("\n");
  const attempts = "playground_delivery_attempt_duration_seconds_count";
  expect(lines).toEqual(
    expect.arrayContaining([
      `${attempts}{outcome="delivered"} 0`,
      `${attempts}{outcome="retry"} 0`,
      `${attempts}{outcome="dead"} 0`,
      `playground_deliveries_too_old_total 0`,
      `playground_refused_total{limit="queue"} 0`,
    ]),
  );
});

test("every metric has a help text", async () => {
  const lines = (await createMetrics().render(COUNTS, SIZE, IDLE)).split("\n");
  const names = lines.flatMap((line) => /^# TYPE (playground_\w+)/.exec(line)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    expect(lines.find((line) => line.startsWith(`# HELP ${name} `))?.length).toBeGreaterThan(30);
  }
});

test("the size of the database and its free part are read at every scrape", async () => {
  const lines = (await createMetrics().render(COUNTS, SIZE, IDLE)).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "playground_database_bytes 4096000",
      "playground_database_free_bytes 8192",
    ]),
  );
});
