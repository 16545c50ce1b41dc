import { expect, test } from "vitest";
import type { PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import { createKnownPlugins } from "./known-plugins.ts";

const ready = (version: string) => ({ name: "a", status: "ready", version }) as ReadyPlugin;
const broken: PluginInfo = { name: "a", source: "a.ts", status: "broken", error: "x" };

test("a plugin is known as it was last ready, for a time after it is broken or removed", () => {
  let now = 0;
  const known = createKnownPlugins(100, () => now);
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
