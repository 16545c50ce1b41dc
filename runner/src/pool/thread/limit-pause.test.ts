import { expect, test } from "vitest";
import type { StepLimitPause } from "../../ports/plugin-pool.ts";
import { createLimitPauses } from "./limit-pause.ts";

function start() {
  const sent: StepLimitPause[] = [];
  const warnings: string[] = [];
  const clock = { ms: 1_000 };
  const pause = createLimitPauses({
    send: (request) => void sent.push(request),
    warn: (message) => void warnings.push(message),
    nowMs: () => clock.ms,
  });
  return { pause, clock, sent, warnings };
}

test("a pause that does not lengthen the step's last one of that key is dropped", () => {
  const { pause, clock, sent } = start();
  pause({ forMs: 500 });
  pause({ forMs: 500 });
  pause({ forMs: 400, key: null });
  pause({ forMs: 400, key: "a" });
  clock.ms += 200;
  pause({ forMs: 300 });
  pause({ forMs: 301 });
  pause({ forMs: 200, key: "a" });
  expect(sent).toEqual([
    { forMs: 500 },
    { forMs: 400, key: null },
    { forMs: 400, key: "a" },
    { forMs: 301 },
  ]);
});

test("the first hundred pauses of a step take effect, and the next one warns", () => {
  const { pause, sent, warnings } = start();
  for (let forMs = 1; forMs <= 100; forMs += 1) pause({ forMs });
  expect(warnings).toEqual([]);
  for (let forMs = 101; forMs <= 300; forMs += 1) pause({ forMs });
  expect(sent.at(-1)).toEqual({ forMs: 100 });
  expect(sent).toHaveLength(100);
  expect(warnings).toEqual([
    "ctx.limit.pause was called too often: a step's first 100 pauses count.",
  ]);
});
