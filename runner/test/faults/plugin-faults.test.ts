import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FailureCode } from "../../src/domain/errors.ts";
import type { LivePluginCatalog } from "../../src/pool/catalog/plugin-catalog.ts";
import {
  countThreads,
  expectThreadsGone,
  openFixtures,
  openThreads,
  type StepTrace,
} from "../support/plugin-threads.ts";

let catalog: LivePluginCatalog;
let threadsBefore: number;

beforeAll(async () => {
  catalog = openFixtures();
  await catalog.ready();
  // Node's own helper threads start with the first worker and stay.
  await using warm = openThreads({ catalog });
  await warm.run("echo");
  await warm.pool.close();
  threadsBefore = await countThreads();
});

afterAll(async () => {
  await expectThreadsGone(threadsBefore);
  await catalog.close();
});

function failureOf({ result }: StepTrace): { code: FailureCode; message: string } {
  if (result.ok) throw new Error(`The step completed with ${result.output}`);
  return result.failure;
}

describe("a plugin that fails inside its promise", () => {
  test.each([
    ["throws", "PLUGIN_THREW", "the disk is on fire"],
    ["rejects", "PLUGIN_THREW", "no such column"],
    ["throws-a-string", "PLUGIN_THREW", "just a text"],
    ["throws-a-trap", "PLUGIN_THREW", "The plugin threw a value that cannot be read."],
    [
      "returns-a-function",
      "OUTPUT_NOT_SERIALIZABLE",
      "The output's /rows/0/format is a function: call it and return its result.",
    ],
    [
      "returns-a-cycle",
      "OUTPUT_NOT_SERIALIZABLE",
      "The output's /child/parent refers back to an object that contains it.",
    ],
    ["returns-a-trap", "OUTPUT_NOT_SERIALIZABLE", "The output cannot be read: not for you."],
  ])("%s: %s, and the next step in the thread works", async (plugin, code, message) => {
    await using threads = openThreads({ catalog });
    expect(failureOf(await threads.run(plugin))).toEqual({ code, message });
    expect((await threads.run("echo", { input: 1 })).result).toMatchObject({ output: "1" });
  });

  test("writes its stack to the job's log", async () => {
    await using threads = openThreads({ catalog });
    const { lines } = await threads.run("throws");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: "error" });
    expect(lines[0]?.message).toMatch(/^Error: the disk is on fire\n\s+at .*throws\.ts:\d+/);
  });

  test("cuts its message at 64 KiB", async () => {
    await using threads = openThreads({ catalog });
    const { message } = failureOf(await threads.run("throws-at-length"));
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(64 * 1024);
    expect(message).toMatch(/^x+… \(1048576 characters in all\)$/);
  });

  test("returns an output over the limit: the error has the size and the limit", async () => {
    await using threads = openThreads({ catalog, outputLimitBytes: 1000 });
    const fits = await threads.run("returns-too-much", { input: { characters: 998 } });
    expect(fits.result.ok).toBe(true);
    const over = await threads.run("returns-too-much", { input: { characters: 999 } });
    expect(failureOf(over)).toEqual({
      code: "OUTPUT_TOO_LARGE",
      message:
        "The output is 1001 bytes of JSON: it must be at most 1000 (PLAYGROUND_OUTPUT_LIMIT).",
    });
  });
});

describe("a plugin that ends its thread", () => {
  test.each([
    ["exits", "PLUGIN_EXITED", "The plugin ended its thread with process.exit(3)."],
    ["crashes", "PLUGIN_CRASHED", "thrown from a callback"],
  ])("%s: %s, in a new thread and in a used one", async (plugin, code, message) => {
    await using threads = openThreads({ catalog });
    expect(failureOf(await threads.run(plugin))).toEqual({ code, message });
    await threads.run("echo");
    expect(failureOf(await threads.run(plugin))).toEqual({ code, message });
    expect((await threads.run("echo", { input: 1 })).result).toMatchObject({ output: "1" });
  });

  test("keeps the log lines from before the crash, and the error", async () => {
    await using threads = openThreads({ catalog });
    const { lines } = await threads.run("crashes");
    expect(lines.at(-1)).toMatchObject({ level: "error" });
    expect(lines.at(-1)?.message).toContain("thrown from a callback");
  });

  test("exhausts-memory: OUT_OF_MEMORY, while a step in the other thread completes", async () => {
    await using threads = openThreads({ catalog, threads: 2, memoryMb: 48 });
    const [exhausted, other] = await Promise.all([
      threads.run("exhausts-memory"),
      threads.run("sleeps", { input: { ms: 50 } }),
    ]);
    expect(failureOf(exhausted).code).toBe("OUT_OF_MEMORY");
    expect(failureOf(exhausted).message).toContain("48 MiB");
    expect(other.result).toMatchObject({ output: '"rested"' });
    expect((await threads.run("echo")).result.ok).toBe(true);
  });

  test("exhausts-buffers: OUT_OF_MEMORY, even though buffers are not on the heap", async () => {
    await using threads = openThreads({ catalog, memoryMb: 64 });
    expect(failureOf(await threads.run("exhausts-buffers")).code).toBe("OUT_OF_MEMORY");
    expect((await threads.run("echo")).result.ok).toBe(true);
  });
});

describe("a plugin that does not end", () => {
  test.each(["loops", "blocks", "never-settles", "ignores-abort"])(
    "%s: PLUGIN_TIMEOUT, and its thread is replaced after the grace period",
    async (plugin) => {
      // Long enough for the echo, which has the same timeout, on a machine that is busy.
      await using threads = openThreads({ catalog, pluginTimeoutMs: 1_000, graceMs: 100 });
      await threads.run("echo");
      const trace = await threads.run(plugin);
      expect(failureOf(trace)).toEqual({
        code: "PLUGIN_TIMEOUT",
        message: `Plugin "${plugin}" ran longer than its timeout of 1000 ms.`,
      });
      const tookMs = trace.result.endedAt - trace.result.startedAt;
      expect(tookMs).toBeGreaterThanOrEqual(1_099);
      expect((await threads.run("echo", { input: 1 })).result).toMatchObject({ output: "1" });
    },
  );

  test("fails with JOB_TIMEOUT when less of the job's time is left than its own timeout", async () => {
    await using threads = openThreads({ catalog, pluginTimeoutMs: 10_000, graceMs: 50 });
    expect(failureOf(await threads.run("loops", { jobTimeoutMs: 80 }))).toEqual({
      code: "JOB_TIMEOUT",
      message: `The job ran longer than its timeoutMs: plugin "loops" had 80 ms left.`,
    });
  });

  test("keeps its thread when it stops on request, and still fails with PLUGIN_TIMEOUT", async () => {
    await using threads = openThreads({ catalog, pluginTimeoutMs: 1_000, graceMs: 20_000 });
    const trace = await threads.run("stops-when-asked");
    expect(failureOf(trace).code).toBe("PLUGIN_TIMEOUT");
    expect(trace.lines[0]?.message).toBe("stopped on request");
    expect(trace.result.metrics).toMatchObject({ processedItems: 0 });
  });

  test("fails with PLUGIN_TIMEOUT even if it completes in the grace period", async () => {
    await using threads = openThreads({ catalog, pluginTimeoutMs: 1_000, graceMs: 20_000 });
    expect(failureOf(await threads.run("completes-when-asked")).code).toBe("PLUGIN_TIMEOUT");
  });
});

describe("a step that is cancelled", () => {
  test("fails with CANCELLED when it stops", async () => {
    await using threads = openThreads({ catalog, graceMs: 20_000 });
    await threads.run("echo");
    const trace = await threads.run("stops-when-asked", { signal: AbortSignal.timeout(50) });
    expect(failureOf(trace)).toEqual({ code: "CANCELLED", message: "The job was cancelled." });
  });

  test("can still complete in the grace period", async () => {
    await using threads = openThreads({ catalog, graceMs: 20_000 });
    await threads.run("echo");
    const trace = await threads.run("completes-when-asked", { signal: AbortSignal.timeout(50) });
    expect(trace.result).toMatchObject({ ok: true, output: '"done in the grace"' });
  });

  test("is terminated after the grace period when it does not stop", async () => {
    await using threads = openThreads({ catalog, graceMs: 50 });
    await threads.run("echo");
    const trace = await threads.run("loops", { signal: AbortSignal.timeout(50) });
    expect(failureOf(trace).code).toBe("CANCELLED");
    expect((await threads.run("echo")).result.ok).toBe(true);
  });

  test("does not begin if it is still waiting for a thread", async () => {
    await using threads = openThreads({ catalog, graceMs: 50 });
    const busy = threads.run("sleeps", { input: { ms: 300 } });
    const waiting = await threads.run("counts", { signal: AbortSignal.timeout(20) });
    expect(failureOf(waiting).code).toBe("CANCELLED");
    expect((await busy).result.ok).toBe(true);
  });

  test("fails with CANCELLED when the pool closes", async () => {
    const threads = openThreads({ catalog, graceMs: 20_000 });
    await threads.run("echo");
    const running = threads.run("loops");
    const waiting = threads.run("echo");
    await threads[Symbol.asyncDispose]();
    expect(failureOf(await running).code).toBe("CANCELLED");
    expect(failureOf(await waiting).code).toBe("CANCELLED");
    expect(failureOf(await threads.run("echo")).code).toBe("CANCELLED");
  });

  test("leaves no thread behind when the pool closes before the step's thread has ended", async () => {
    const before = await countThreads();
    for (let n = 0; n < 20; n += 1) {
      await using threads = openThreads({ catalog, graceMs: 5 });
      await threads.run("echo");
      await threads.run("loops", { signal: AbortSignal.timeout(5) });
    }
    await expectThreadsGone(before);
  });
});

describe("what an ended step left behind", () => {
  test.each(["leaves-a-timer-that-throws", "leaves-a-rejection", "exits-later"])(
    "%s: the next step in its thread still completes",
    async (plugin) => {
      await using threads = openThreads({ catalog });
      const left = await threads.run(plugin, { input: { ms: 100 } });
      expect(left.result.ok).toBe(true);
      const next = await threads.run("sleeps", { input: { ms: 400 } });
      expect(next.result).toMatchObject({ ok: true, output: '"rested"' });
      expect(next.lines).toEqual([]);
    },
  );

  test.each(["leaves-a-timer-that-throws", "leaves-a-rejection", "exits-later"])(
    "%s: an idle thread that dies from it is replaced",
    async (plugin) => {
      await using threads = openThreads({ catalog, threads: 2 });
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, n) => threads.run(plugin, { input: { ms: n % 4 } })),
      );
      expect(ends.map(({ result }) => result)).toEqual(
        ends.map(() => expect.objectContaining({ ok: true })),
      );
      const after = await Promise.all(
        Array.from({ length: 20 }, (_, n) => threads.run("echo", { input: n })),
      );
      expect(after.map(({ result }) => result.ok && result.output)).toEqual(
        Array.from({ length: 20 }, (_, n) => String(n)),
      );
    },
  );

  test.each([50, 200, 500])(
    "steps complete in new threads that start later than the %i ms they may wait for a shared one",
    async (startLimitMs) => {
      await using threads = openThreads({ catalog, threads: 2, startLimitMs });
      const plugins = ["leaves-a-timer-that-throws", "leaves-a-rejection", "exits-later", "echo"];
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          threads.run(plugins[n % 4]!, { input: { ms: n % 3 } }),
        ),
      );
      expect(ends.map(({ result }) => result)).toEqual(
        ends.map(() => expect.objectContaining({ ok: true })),
      );
    },
  );

  test("memory that earlier steps never freed does not fail a step that fits in a new thread", async () => {
    await using threads = openThreads({ catalog, memoryMb: 160 });
    for (let n = 0; n < 5; n += 1) {
      const { result } = await threads.run("leaks-memory");
      expect(result).toMatchObject({ ok: true });
    }
  });
});
