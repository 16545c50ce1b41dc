import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { ShortLivedMap } from "./short-lived-map.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { type: "major" | "minor" }) => void;

test("returns values in insertion order until they are deleted", () => {
  const map = new ShortLivedMap<string, number>();
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  expect([map.size, map.get("a"), map.values()]).toEqual([2, 3, [2, 3]]);
  map.delete("b");
  map.delete("b");
  expect([map.size, map.get("b"), map.values()]).toEqual([1, undefined, [3]]);
});

/**
 * Passes 64 MB through the map, twenty entries at a time. Returns the bytes that survive young
 * collections.
 */
function survivingBytes(map: Pick<ShortLivedMap<number, unknown>, "set" | "delete">): number {
  collect({ type: "major" });
  const before = getHeapStatistics().used_heap_size;
  for (let n = 0; n < 64_000; n += 1) {
    map.set(n, Array.from<number>({ length: 125 }).fill(n));
    map.delete(n - 20);
    if (n % 4000 === 0) collect({ type: "minor" });
  }
  collect({ type: "minor" });
  return getHeapStatistics().used_heap_size - before;
}

/** A full collection that V8 starts by itself frees what a round kept: the worst of five counts. */
function worstOfFive(newMap: () => Pick<ShortLivedMap<number, unknown>, "set" | "delete">): number {
  return Math.max(...Array.from({ length: 5 }, () => survivingBytes(newMap())));
}

// If this fails because a Map keeps as little memory, the class is no longer needed.
test("lets young collections free deleted entries, which a Map does not", () => {
  const kept = worstOfFive(() => new ShortLivedMap());
  const keptByMap = worstOfFive(() => {
    const map = new Map<number, unknown>();
    return { set: (key, value) => void map.set(key, value), delete: (key) => void map.delete(key) };
  });
  expect(kept).toBeLessThan(keptByMap / 3);
});
