import { expect, test } from "vitest";
import { createTestLog } from "../../../test/support/test-log.ts";
import type { BrokenPlugin, PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import { createBrokenLog } from "./log-broken.ts";

const ready = {
  name: "a",
  source: "a.ts",
  status: "ready",
  warnings: [] as readonly string[],
} as ReadyPlugin;
const warning = (...warnings: string[]): ReadyPlugin => ({ ...ready, warnings });
const broken = (error: string): BrokenPlugin => ({
  name: "a",
  source: "a.ts",
  status: "broken",
  error,
});

test("a plugin is logged once for each new error, and when it works again", () => {
  const lines: [string, unknown][] = [];
  const logBroken = createBrokenLog(
    createTestLog((fields, message) => lines.push([message, fields])),
  );
  const logged = (plugins: readonly PluginInfo[]) => {
    logBroken(plugins);
    return lines.splice(0);
  };
  expect(logged([ready])).toEqual([]);
  expect(logged([broken("x")])).toEqual([["plugin.broken", { file: "a.ts", error: "x" }]]);
  expect(logged([broken("x")])).toEqual([]);
  expect(logged([broken("y")])).toEqual([["plugin.broken", { file: "a.ts", error: "y" }]]);
  expect(logged([ready])).toEqual([["plugin.works-again", { file: "a.ts", plugin: "a" }]]);
  expect(logged([broken("y")])).toHaveLength(1);
  expect(logged([])).toEqual([]);
  expect(logged([ready])).toEqual([]);
});

test("a plugin's warnings are logged once, and again when they change", () => {
  const lines: [string, unknown][] = [];
  const logBroken = createBrokenLog(
    createTestLog((fields, message) => lines.push([message, fields])),
  );
  const logged = (plugins: readonly PluginInfo[]) => {
    logBroken(plugins);
    return lines.splice(0);
  };
  const line = (...warnings: string[]) => [
    "plugin.has-warnings",
    { file: "a.ts", plugin: "a", warnings },
  ];
  expect(logged([warning("x")])).toEqual([line("x")]);
  expect(logged([warning("x")])).toEqual([]);
  expect(logged([warning("x", "y")])).toEqual([line("x", "y")]);
  expect(logged([ready])).toEqual([]);
  expect(logged([warning("x")])).toEqual([line("x")]);
});
