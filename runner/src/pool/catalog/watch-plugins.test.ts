import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/support/until.ts";
import { watchPlugins, type PluginsWatch } from "./watch-plugins.ts";

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), "watch-plugins-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function watch(options: {
  dir?: string;
  rescanMs?: number;
  refresh: () => Promise<void>;
  onError?: (error: unknown) => void;
}): PluginsWatch {
  const stop = new AbortController();
  const onError = (error: unknown): void => {
    throw error;
  };
  const watching = watchPlugins({ dir, rescanMs: 20, onError, ...options, signal: stop.signal });
  onTestFinished(() => {
    stop.abort();
    return watching.ended;
  });
  return watching;
}

test("a refresh that fails is reported and repeated, and the watch is ready when one has succeeded", async () => {
  const errors: unknown[] = [];
  const { promise: succeeded, resolve } = Promise.withResolvers<void>();
  const watching = watch({
    async refresh() {
      if (errors.length < 2) throw new Error(`no thread ${errors.length + 1}`);
      resolve();
    },
    onError: (error) => errors.push(error),
  });
  // The catalog is empty before a refresh succeeds: jobs that were run then would find no plugin.
  await watching.ready;
  expect(errors).toHaveLength(2);
  await succeeded;
  expect(errors).toEqual([new Error("no thread 1"), new Error("no thread 2")]);
});

test("a folder that cannot be read is reported once at the first check", async () => {
  // The system refuses to follow a link to itself, with ELOOP.
  const loop = join(dir, "loop");
  symlinkSync(loop, loop);
  const errors: unknown[] = [];
  watch({
    dir: loop,
    rescanMs: 60_000,
    refresh: async () => void (await readdir(loop)),
    onError: (error) => errors.push(error),
  });
  await until("the error", () => errors.length > 0);
  expect(errors).toMatchObject([{ code: "ELOOP" }]);
});

test("a directory that changes all the time is still read", async () => {
  const { promise: readTwice, resolve } = Promise.withResolvers<void>();
  let refreshed = 0;
  const watching = watch({
    async refresh() {
      refreshed += 1;
      if (refreshed === 2) resolve();
    },
  });
  await watching.ready;
  let written = 0;
  const writing = setInterval(() => {
    written += 1;
    writeFileSync(join(dir, "notes.txt"), "x".repeat(written));
  }, 10);
  onTestFinished(() => clearInterval(writing));
  await readTwice;
});
