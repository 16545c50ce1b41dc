import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGatherRows, type PlacedRow } from "./gather-rows.ts";
import type { Value } from "./text.ts";

type Found = PlacedRow & { readonly text?: string };

function open(answer: (sql: string) => Promise<readonly Found[]>) {
  const sent: [sql: string, values: readonly Value[]][] = [];
  const rows = createGatherRows((sql, values) => {
    sent.push([sql, values]);
    return answer(sql);
  });
  return { rows, sent };
}

test("operations that have come equally far share a statement, and each gets its own rows", async () => {
  const { rows, sent } = open(async (sql) => {
    await setImmediate();
    return sql === "find" ? [2, 1].map((place) => ({ place, text: `row ${place}` })) : [];
  });
  const operation = async (id: number, steps: number) => {
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    const found = await rows("find", [id, `text ${id}`]);
    const [[moved]] = await Promise.all([rows("move", [id]), rows("promote", [id])]);
    return { found, moved };
  };
  const results = await Promise.all([operation(7, 0), operation(8, 5), operation(9, 1)]);
  // In the order in which they gave their rows: the second had the longest way.
  expect(sent).toEqual([
    [
      "find",
      [
        [7, 9, 8],
        ["text 7", "text 9", "text 8"],
      ],
    ],
    ["move", [[7, 9, 8]]],
    ["promote", [[7, 9, 8]]],
  ]);
  expect(results).toEqual([
    { found: [{ place: 1, text: "row 1" }], moved: undefined },
    { found: [], moved: undefined },
    { found: [{ place: 2, text: "row 2" }], moved: undefined },
  ]);
});

test("a row that comes later has a statement of its own", async () => {
  const { rows, sent } = open(async () => []);
  const first = rows("find", [1]);
  await setImmediate();
  await Promise.all([first, rows("find", [2])]);
  expect(sent).toEqual([
    ["find", [[1]]],
    ["find", [[2]]],
  ]);
});

test("a statement that fails fails for each of its rows, and for no other's", async () => {
  const { rows } = open(async (sql) => {
    if (sql === "find") throw new Error("refused");
    return [{ place: 1 }];
  });
  const results = await Promise.allSettled([
    rows("find", [1]),
    rows("find", [2]),
    rows("move", [3]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
});

test("long texts are not gathered in one statement, and all statements keep their order", async () => {
  const { rows, sent } = open(async () => []);
  const text = "x".repeat(700_000);
  await Promise.all([
    rows("insert", [text]),
    rows("move", [1]),
    rows("insert", [text]),
    rows("insert", [text]),
    rows("move", [2]),
  ]);
  expect(sent.map(([sql, [column]]) => [sql, (column as Value[]).length])).toEqual([
    ["insert", 2],
    ["move", 1],
    ["insert", 1],
    ["move", 1],
  ]);
});
