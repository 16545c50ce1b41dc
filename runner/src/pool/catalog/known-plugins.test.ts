import { expect, test } from "vitest";
import type { PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import { createKnownPlugins } from "./known-plugins.ts";

function ready(version: string, name = "a"): ReadyPlugin {
  return { name, source: "a.ts", status: "ready", version } as ReadyPlugin;
}
const broken: PluginInfo = { name: "a", source: "a.ts", status: "broken", error: "x" };

let now = 0;
const clock = { rememberMs: 100, now: () => now };

test("a plugin is known as it was last ready, for a time after it is broken or removed", () => {
  now = 0;
  const known = createKnownPlugins([], clock);
  expect(known.get("a")).toBeNull();
  known.update([broken]);
  expect(known.get("a")).toBeNull();
  known.update([ready("1")]);
  now = 1000;
  expect(known.get("a")).toEqual(ready("1"));
  known.update([broken]);
  now = 1050;
  known.update([]);
  now = 1099;
  expect(known.get("a")).toEqual(ready("1"));
  now = 1100;
  expect(known.get("a")).toBeNull();
  known.update([ready("2")]);
  expect(known.get("a")).toEqual(ready("2"));
});

test("what was known before counts its time from when the plugin was lost, across starts", () => {
  now = 0;
  const first = createKnownPlugins([], clock);
  first.update([ready("1")]);
  const second = createKnownPlugins(first.all(), clock);
  now = 500;
  second.update([broken]);
  now = 560;
  const third = createKnownPlugins(second.all(), clock);
  third.update([broken]);
  expect(third.get("a")).toEqual(ready("1"));
  now = 600;
  expect(third.get("a")).toBeNull();
});

test("a broken file keeps its last name as long as it is broken", () => {
  now = 0;
  const known = createKnownPlugins([], clock);
  known.update([ready("1")]);
  known.update([ready("1", "b")]);
  expect(known.nameOf("a.ts")).toBe("b");
  now = 1000;
  known.update([broken]);
  now = 5000;
  known.update([broken]);
  expect(known.nameOf("a.ts")).toBe("b");
  expect(known.get("b")).toBeNull();
  known.update([]);
  expect(known.all()).toEqual([]);
  expect(known.nameOf("a.ts")).toBeNull();
});
