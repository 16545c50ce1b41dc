import { expect, test } from "vitest";
import type { StepHooks } from "../ports/plugin-pool.ts";
import type { ExecutorTask } from "./messages.ts";
import { createOpenRuns } from "./open-runs.ts";

test("a step that was stopped keeps its first reason when the executor's memory ends it later", async () => {
  const runs = createOpenRuns(() => {});
  const hooks: StepHooks = {
    signal: new AbortController().signal,
    onLog() {},
    onProgress() {},
  };
  const run = runs.run({ input: "1", jobInput: "1" } as unknown as ExecutorTask, hooks);
  runs.sendAll();
  const failure = { code: "PLUGIN_TIMEOUT", message: "It was too slow." } as const;
  runs.handle({ kind: "stuck", run: 1, failure });
  runs.stopAll({ code: "OUT_OF_MEMORY", message: "The executor used too much memory." });
  expect(runs.endAll("signal SIGKILL")).toBe(0);
  expect(await run).toEqual({ ok: false, failure, metrics: null });
});

test("a step whose signal has aborted already ends before the executor is ready, and is not sent", async () => {
  const sent: unknown[] = [];
  const runs = createOpenRuns((message) => sent.push(message));
  const hooks: StepHooks = {
    signal: AbortSignal.abort("The daemon is stopping."),
    onLog() {},
    onProgress() {},
  };
  const end = await runs.run({ input: "1", jobInput: "1" } as unknown as ExecutorTask, hooks);
  expect(end).toMatchObject({ ok: false, failure: { code: "CANCELLED" } });
  expect(runs.count()).toEqual({ running: 0, stuck: 0 });
  runs.sendAll();
  expect(sent).toEqual([]);
});
