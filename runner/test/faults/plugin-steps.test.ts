import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LivePluginCatalog } from "../../src/pool/catalog/plugin-catalog.ts";
import { systemClock } from "../../src/system/clock.ts";
import { openFixtures, openThreads, type PluginThreads } from "../support/plugin-threads.ts";

let catalog: LivePluginCatalog;
let threads: PluginThreads;

beforeAll(() => {
  catalog = openFixtures();
  threads = openThreads({ catalog, env: { GREETING: "hello" } });
});

afterAll(async () => {
  await threads[Symbol.asyncDispose]();
  await catalog.close();
});

test("a plugin receives its input, its options and the job", async () => {
  const request = { input: { a: [1] }, options: { b: 2 } };
  const { result } = await threads.run("returns-its-context", request);
  if (!result.ok) throw new Error(result.failure.message);
  expect(JSON.parse(result.output)).toEqual({
    ...request,
    job: {
      id: "job_test",
      name: "a test",
      metadata: { team: "red" },
      schedule: null,
      input: { a: [1] },
    },
    env: ["GREETING"],
    fetch: "function",
  });
});

test("a plugin that could not begin in time does not begin", async () => {
  const late = threads.run("returns-nothing", { startWithinMs: -1 });
  await expect(late).rejects.toThrow("The plugin could not begin in time.");
  const { result } = await threads.run("returns-nothing", { startWithinMs: 60_000 });
  expect(result.ok).toBe(true);
});

test("a plugin that returns nothing has the output null", async () => {
  expect((await threads.run("returns-nothing")).result).toMatchObject({ output: "null" });
});

test("metrics contain what the plugin counted and its duration", async () => {
  const { result } = await threads.run("counts");
  expect(result.metrics).toEqual({
    processedItems: 7,
    bytes: 12.5,
    duration: expect.any(Number) as number,
  });
});

test("the duration is how long the plugin ran, in ms", async () => {
  const { result } = await threads.run("sleeps", { input: { ms: 100 } });
  expect(result.metrics?.duration).toBeGreaterThanOrEqual(99);
  expect(result.endedAt - result.startedAt).toBeGreaterThanOrEqual(99);
});

test("a metric that is not a number fails the plugin, and the error names it", async () => {
  const { result } = await threads.run("counts-badly", { input: { name: "mean", value: "NaN" } });
  expect(result).toMatchObject({
    failure: { code: "PLUGIN_THREW", message: 'metric "mean" is NaN: it must be a finite number' },
  });
});

test("output to the console, to the streams and to ctx.log becomes log lines, in order", async () => {
  const { lines } = await threads.run("prints");
  expect(lines.map(({ level, message }) => [level, message.split("\n")[0]?.slice(0, 30)])).toEqual([
    ["info", "to the console: 1"],
    ["error", "Error: as an error"],
    ["info", expect.stringContaining("┌") as string],
    ["info", "to the stream"],
    ["warn", "to the log"],
    ["debug", "x".repeat(30)],
    ["info", "without an end"],
  ]);
  expect(lines.find(({ message }) => message === "to the log")?.data).toBe('{"with":"data"}');
  expect(lines.find(({ level }) => level === "debug")?.message).toMatch(
    /… \(20000 bytes in total\)$/,
  );
});

test("a step and its log lines have the instants of the daemon's clock, which is not the executor's", async () => {
  const AHEAD_MS = 3_600_000;
  const from = systemClock.now() + AHEAD_MS;
  const clock = { ...systemClock, now: () => systemClock.now() + AHEAD_MS };
  await using ahead = openThreads({ catalog, clock });
  const { result, lines } = await ahead.run("prints");
  const instants = [result.startedAt, ...lines.map(({ at }) => at), result.endedAt];
  expect(lines.length).toBeGreaterThan(0);
  for (const instant of instants) {
    expect(instant).toBeGreaterThanOrEqual(from - 2);
    expect(instant).toBeLessThan(from + 60_000);
  }
});

test("many log lines arrive complete and in order, before the result", async () => {
  const { lines } = await threads.run("chatty", { input: { lines: 9000 } });
  expect(lines.map(({ message }) => message)).toEqual(
    Array.from({ length: 9000 }, (_, n) => `line ${n}`),
  );
});

test("progress is reported at most ten times a second", async () => {
  const { progress } = await threads.run("reports-progress", { input: { ms: 650 } });
  expect(progress.length).toBeGreaterThanOrEqual(3);
  expect(progress.length).toBeLessThanOrEqual(7);
  expect(progress.every(({ fraction }) => fraction !== null && fraction <= 1)).toBe(true);
});

test("schemas apply defaults, and a refusal has a code and a path", async () => {
  const fits = { people: [{ age: 3 }, { age: 4 }] };
  const run = (input: unknown, options?: unknown) =>
    threads.run("has-schemas", { input, ...(options === undefined ? {} : { options }) });
  expect((await run(fits)).result).toMatchObject({ output: '{"sum":8}' });
  expect((await run(fits, { add: 10 })).result).toMatchObject({ output: '{"sum":17}' });
  expect((await run({ people: [{ age: -1 }] })).result).toMatchObject({
    failure: {
      code: "INPUT_INVALID",
      message: expect.stringMatching(
        /^The job's input does not fit the input of "has-schemas": \/people\/0\/age: /,
      ) as string,
    },
  });
  expect((await run(fits, { add: "1" })).result).toMatchObject({
    failure: {
      code: "OPTIONS_INVALID",
      message: expect.stringMatching(/\/add: must be a number, not "1"$/) as string,
    },
  });
  expect((await run(fits, { lie: true })).result).toMatchObject({
    failure: {
      code: "OUTPUT_INVALID",
      message: expect.stringMatching(/\/sum: must be a number, not "much"$/) as string,
    },
  });
});

test("a step that refuses the previous plugin's output names both plugins", async () => {
  const { result } = await threads.run("has-schemas", { input: {}, inputFrom: "slow" });
  expect(result).toMatchObject({
    failure: {
      code: "INPUT_INVALID",
      message: expect.stringMatching(
        /^The output of "slow" does not fit the input of "has-schemas": \/people: must be an array, not undefined$/,
      ) as string,
    },
  });
});

test("a plugin that does not exist fails with PLUGIN_NOT_FOUND", async () => {
  expect((await threads.run("nobody")).result).toMatchObject({
    failure: { code: "PLUGIN_NOT_FOUND", message: 'There is no plugin "nobody" any more.' },
  });
});

test("ctx.fetch ends with the step", async () => {
  const server = createServer((_, response) => void response.write("a beginning"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const closed = once(server, "connection").then(([socket]) => once(socket as never, "close"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { result } = await threads.run("fetches", { input: { url }, jobTimeoutMs: 2_000 });
  expect(result).toMatchObject({ failure: { code: "JOB_TIMEOUT" } });
  await closed;
  server.close();
});

test("with one thread, steps run one after another", async () => {
  const startedAt = performance.now();
  const all = await Promise.all([1, 2, 3].map(() => threads.run("sleeps", { input: { ms: 60 } })));
  expect(all.every(({ result }) => result.ok)).toBe(true);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(179);
});

/** As text, because JavaScript's number cannot represent it. */
const BIG = JSON.rawJSON("8202522731445525542");

test("an integer that JavaScript changes is logged once, with its path and both values", async () => {
  const request = { input: { ids: [1, BIG, BIG] }, options: { id: BIG } };
  const { result, lines } = await threads.run("returns-its-context", request);
  expect(result).toMatchObject({ ok: true });
  expect(lines).toEqual([
    expect.objectContaining({
      level: "warn",
      message:
        "/input/ids/1 is 8202522731445525542, and the plugin gets 8202522731445526000 (and 2 more integers): JavaScript's numbers are exact up to 9007199254740991. Send it as a string, or set exactIntegers: true in the plugin, which then gets a BigInt.",
    }),
  ]);
});

test("a plugin with exactIntegers gets a BigInt, and its BigInts are written as numbers", async () => {
  const { result, lines } = await threads.run("counts-exactly", {
    input: { id: BIG, ids: [1, BIG] },
  });
  expect(result).toMatchObject({
    ok: true,
    output:
      '{"next":8202522731445525543,"ids":[1,8202522731445525542],"types":["number","bigint"],"original":{"id":8202522731445525542,"ids":[1,8202522731445525542]}}',
  });
  expect(lines).toEqual([
    expect.objectContaining({ message: "counting", data: '{"id":8202522731445525542}' }),
  ]);
  const small = await threads.run("counts-exactly", { input: { id: 5, ids: [] } });
  expect(small.result).toMatchObject({ output: expect.stringContaining('"next":6,') as string });
});

test("the schema that is shown for BigInts accepts integers of any size", () => {
  const info = catalog.known("counts-exactly");
  expect(info?.inputSchema).toMatchObject({ properties: { id: {}, ids: { type: "array" } } });
  const rounded = Number(BIG.rawJSON);
  expect(catalog.checkInput("counts-exactly", { id: rounded, ids: [1, rounded] })).toEqual([]);
});

test("a schema that refuses a BigInt names it", async () => {
  const request = { input: { id: 1, ids: [] }, options: { small: BIG } };
  const { result } = await threads.run("counts-exactly", request);
  expect(result).toMatchObject({
    failure: {
      code: "OPTIONS_INVALID",
      message: expect.stringMatching(
        /: \/small: must be a number, not 8202522731445525542n$/,
      ) as string,
    },
  });
});
