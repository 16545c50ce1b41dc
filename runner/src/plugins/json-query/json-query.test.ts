import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { VEGA_DATA } from "../../../test/support/real-files.ts";
import csvProfile from "../csv-profile/index.ts";
import plugin from "./index.ts";

interface Movie {
  Title: string;
  Director: string | null;
  "IMDB Rating": number | null;
}
const movies = JSON.parse(readFileSync(join(VEGA_DATA, "movies.json"), "utf8")) as Movie[];

async function query(data: unknown, expression: string, options: object = {}): Promise<unknown> {
  return (await runPlugin(plugin, { input: { data, expression }, options })).output;
}

describe("on 3,201 real movies", () => {
  test("it filters and sorts like plain code", async () => {
    const expected = movies
      .filter((movie) => (movie["IMDB Rating"] ?? 0) > 9)
      .map((movie) => movie.Title)
      .toSorted();
    expect(expected.length).toBeGreaterThan(0);
    expect(await query(movies, "$sort($[`IMDB Rating` != null][`IMDB Rating` > 9].Title)")).toEqual(
      expected,
    );
  });

  test("with an expression in the options, the whole input is the data", async () => {
    const { output, trace } = await runPlugin(plugin, {
      input: movies,
      options: { expression: '$[Director = "Steven Spielberg"].Title' },
    });
    const expected = movies.filter(({ Director }) => Director === "Steven Spielberg");
    expect(output).toEqual(expected.map(({ Title }) => Title));
    expect(trace.metrics["processedItems"]).toBe(expected.length);
  });
});

test("after csv-profile it selects the columns with missing values", async () => {
  const { output } = await runPlugin(csvProfile, {
    input: { file: "us-employment.csv" },
    filesRoot: VEGA_DATA,
  });
  const expression = '{"rows": rows, "gaps": [columns[nulls > 0].name]}';
  const next = await runPlugin(plugin, { input: output, options: { expression } });
  expect(next.output).toEqual({ rows: 120, gaps: [] });
});

test("a path that matches nothing is null, and a list of one item stays a list", async () => {
  expect(await query({ a: 1 }, "b.c")).toBeNull();
  expect(await query({ a: [1] }, "[a]")).toEqual([1]);
});

test("an input with a field named expression is data when the options have an expression", async () => {
  const run = { input: { expression: "x", data: 1 }, options: { expression: "expression" } };
  expect((await runPlugin(plugin, run)).output).toBe("x");
});

describe("errors explain the problem", () => {
  test.each([
    ["a.(b", /not valid at character 4 .*Expected "\)"/],
    ["a[", /not valid at character 2/],
    ['1 + "a"', /failed at character 3 .*right side of the "\+"/],
    ['$error("too few rows")', /too few rows/],
    ["function($x){$x}", /returns a function/],
    ['{"f": $sum}', /returns a function at "f"/],
    ["[1..10000001]", /must not exceed 1e7/],
  ])("%s", async (expression, message) => {
    await expect(query({}, expression)).rejects.toThrow(message);
  });

  test("an endless recursion is stopped", async () => {
    const expression = "($f := function($n){ 1 + $f($n + 1) }; $f(1))";
    await expect(query({}, expression)).rejects.toThrow(/Stack overflow.*non-terminating/);
  });

  test("an endless loop is stopped after timeoutMs", async () => {
    const expression = "($f := function($n){ $f($n + 1) }; $f(1))";
    await expect(query({}, expression, { timeoutMs: 100 })).rejects.toThrow(/timeout after 100/i);
  });

  test.each([{ data: 1 }, { data: 1, expression: " " }, [1], "text", null])(
    "%j without an expression is refused with both ways to set one",
    async (input) => {
      const run = runPlugin(plugin, { input, options: {} });
      await expect(run).rejects.toThrow(/options\.expression.*\{data, expression\}/);
    },
  );
});

test("the plugin's own example works", async () => {
  expect((await runPlugin(plugin, plugin.example!)).output).toBe(42.5);
});
