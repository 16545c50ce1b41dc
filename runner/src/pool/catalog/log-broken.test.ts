import { expect, test } from "vitest";
import { createTestLog } from "../../../test/support/test-log.ts";
import type { BrokenPlugin, PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import { createBrokenLog } from "./log-broken.ts";

const ready = {
  name: "a",
  source: "a.ts",
  version: "1.0.0",
  status: "ready",
  secrets: [] as readonly string[],
  env: [] as readonly string[],
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

test("a plugin that was loaded is logged, unless the log says that it works again", () => {
  const lines: [string, unknown][] = [];
  const logBroken = createBrokenLog(
    createTestLog((fields, message) => lines.push([message, fields])),
  );
  logBroken([ready], [ready]);
  expect(lines.splice(0)).toEqual([
    ["plugin.loaded", { file: "a.ts", plugin: "a", version: "1.0.0" }],
  ]);
  logBroken([broken("x")]);
  logBroken([ready], [ready]);
  expect(lines.map(([message]) => message)).toEqual(["plugin.broken", "plugin.works-again"]);
});

test("a built-in plugin whose library is not installed is logged once, not as a warning", () => {
  const lines: [string, unknown][] = [];
  const logBroken = createBrokenLog(
    createTestLog((fields, message) => lines.push([message, fields])),
  );
  const builtIns = [
    { ...broken("no sharp"), name: "image-resize", source: "built-in" },
    { ...broken("no pdfjs"), name: "pdf-to-text", source: "built-in" },
    { ...ready, name: "json-query", source: "built-in" },
  ];
  logBroken(builtIns);
  logBroken(builtIns);
  expect(lines).toEqual([
    ["plugin.unavailable", { plugin: "image-resize", error: "no sharp" }],
    ["plugin.unavailable", { plugin: "pdf-to-text", error: "no pdfjs" }],
  ]);
});
