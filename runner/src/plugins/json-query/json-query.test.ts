import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { VEGA_DATA } from "../../../test/support/real-files.ts";
import csvProfile from "../csv-profile/index.ts";
import { evaluate } from "./evaluate.ts";
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

test("long lists are sorted, in a stable order, and their largest number is found", async () => {
  const key = (index: number): number => (index * 7919) % 1000;
  const numbers = Array.from({ length: 200_000 }, (_, index) => key(index));
  expect(await query(numbers, "[$max($), $min($)]")).toEqual([999, 0]);
  const some = numbers.slice(0, 60_000);
  expect(await query(some, "$sort($)")).toEqual(some.toSorted((a, b) => a - b));
  const items = numbers.slice(0, 3_000).map((number, index) => ({ key: number, index }));
  const sorted = items.toSorted((a, b) => a.key - b.key).map(({ index }) => index);
  expect(await query(items, "$^(key).index")).toEqual(sorted);
  expect(await query(items, "$sort($, function($a, $b) { $a.key > $b.key }).index")).toEqual(
    sorted,
  );
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

  test.each([1, "text", null, [1], { data: 1 }])(
    "%j without an expression is refused with both ways to set one",
    async (input) => {
      const run = runPlugin(plugin, { input, options: {} });
      await expect(run).rejects.toThrow(/no expression.*options\.expression.*\{data, expression\}/);
    },
  );

  test.each([
    [5, "expression is 5: it must be a text"],
    [null, "expression is null: it must be a text"],
    [["a"], 'expression is ["a"]: it must be a text'],
    [" ", 'expression is " ": it must be a text'],
  ])("the expression %j is refused", async (expression, message) => {
    await expect(query({}, expression as string)).rejects.toThrow(message);
  });

  test.each([
    [{ expression: "a", dta: { a: 1 } }, 'data is missing: the input has an expression and "dta"'],
    [{ expression: "a" }, "data is missing: the input has an expression and no other field"],
  ])("%j is refused because it has no data", async (input, message) => {
    await expect(runPlugin(plugin, { input })).rejects.toThrow(message);
  });

  test("data that is null is data", async () => {
    expect(await query(null, "a")).toBeNull();
  });

  test.each([
    ["a / 0", /returns Infinity: .*division by zero/],
    ['{"share": -a / 0}', /returns -Infinity at "share"/],
    ['{"rows": [{"share": 0 / 0}]}', /returns NaN at "rows\[0\]\.share"/],
  ])("%s is not null but an error", async (expression, message) => {
    await expect(query({ a: 5 }, expression)).rejects.toThrow(message);
  });
});

describe("the time limit ends", () => {
  test.each([
    ["an endless loop", "($f := function($n){ $f($n + 1) }; $f(1))"],
    ["a regular expression", "$contains(s, /(x+x+)+y/)"],
    ["a replacement", '$replace(s, /(x+x+)+y/, "")'],
    ["a quadratic function", '$count($distinct([1..50000].("user" & $)))'],
    ["an endless $eval", '$eval("($f:=function($n){$f($n+1)};$f(1))")'],
    ["a result with too many parts", '$reduce([1..24], function($a, $i){{"a": $a, "b": $a}}, {})'],
  ])("%s", async (_, expression) => {
    const startedAt = performance.now();
    const run = query({ s: "x".repeat(40) }, expression, { timeoutMs: 200 });
    await expect(run).rejects.toThrow(/did not end within 200 ms.*option timeoutMs/);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(await query({ a: 1 }, "a + 1")).toBe(2);
  });
});

describe("bounds:", () => {
  test.each([
    ['$pad("", 200000000)', /character 5 .*text of 200000000 characters: .* at most 20000000/],
    ['$pad("x", -1e300)', /text of 1e\+300 characters/],
    ['"" ~> $pad(200000000)', /text of 200000000 characters/],
    ['$split($pad("", 10000001, "ab"), "")', /list of 10000001 items: .* at most 10000000/],
    ["$join([1..100].($$.s))", /text of 100000000 characters/],
    ['$replace(s, "x", $pad("", 100, "y"))', /text of 100000000 characters/],
    ["$length(s & $reduce([1..20], function($a, $i){$a & $$.s}, s))", /text of \d+ characters/],
    ["$string([1..30].($$.s))", /text of \d+ characters/],
    ["[1..2000000]", /range of 2000000 numbers: .* at most 1000000/],
    ["$reduce([1..40], function($a, $i){$append($a, $a)}, [1, 2])", /maximum sequence length/],
  ])("%s is refused", async (expression, message) => {
    await expect(query({ s: "x".repeat(1_000_000) }, expression)).rejects.toThrow(message);
  });

  test.each([
    ["$pad('ab', 5)", "ab   "],
    ["$pad('ab', -5)", "   ab"],
    ["$pad('ab', 7, 'xyz')", "abxyzxy"],
    ["$pad('😀', -4, 'é😀')", "é😀é😀"],
    ["$pad('abc', 2)", "abc"],
    ["$pad('abc', 3.9, '')", "abc"],
    ["$pad(nothing, 3)", null],
    ["'ab' ~> $pad(4, '.')", "ab.."],
    ["$join(['a', 'b', 'c'], '-')", "a-b-c"],
    ["$join('a', '-')", "a"],
    ["$join(nothing)", null],
  ])("%s gives what JSONata documents", async (expression, expected) => {
    expect(await query({}, expression)).toBe(expected);
  });

  test("a text of the data can be longer than what an expression can build", async () => {
    const long = "x".repeat(21_000_000);
    expect(await query({ long }, "long")).toBe(long);
  });

  test("the factorial of 170 is calculated, as in JSONata's guide", async () => {
    const factorial = "($f := function($x){ $x <= 1 ? 1 : $x * $f($x - 1) }; $f(170))";
    const product = Array.from({ length: 170 }, (_, index) => index + 1).reduce((a, b) => a * b);
    expect(Number(await query({}, factorial)) / product).toBeCloseTo(1, 12);
  });
});

describe("values come as they are:", () => {
  test("an integer beyond 2^53 that is given as a BigInt", async () => {
    const ids = { id: 1577134800018226901n, other: 9007199254740993n };
    const run = (expression: string): Promise<unknown> =>
      evaluate({ expression, data: ids, timeoutMs: 1_000 });
    expect(await run("id")).toBe(ids.id);
    expect(await run('{"list": [id, other]}')).toEqual({ list: [ids.id, ids.other] });
    expect(await run("$string(id)")).toBe("1577134800018226901");
    expect(await run('"id " & id')).toBe("id 1577134800018226901");
    expect(await run("$string($)")).toBe('{"id":1577134800018226901,"other":9007199254740993}');
    expect(await run("id = other")).toBe(false);
    await expect(run("id + 1")).rejects.toThrow(/must evaluate to a number/);
  });

  test("a key __proto__ is a key of the result", async () => {
    const data = JSON.parse('{"__proto__": {"x": 1}}') as unknown;
    expect(JSON.stringify(await query(data, "$"))).toBe('{"__proto__":{"x":1}}');
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test("a result shares nothing with the input, and missing values are left out", async () => {
    const data = { list: [{ a: 1 }] };
    const result = await evaluate({ expression: "$", data, timeoutMs: 1_000 });
    expect(result).toEqual(data);
    expect(result).not.toBe(data);
    expect(await query(data, '{"a": nothing, "b": [nothing, 1]}')).toEqual({ b: [1] });
  });

  test("base64, URLs, times and regular expressions work in the library's realm", async () => {
    expect(await query({}, '$base64decode($base64encode("héllo"))')).toBe("héllo");
    expect(await query({}, '$encodeUrlComponent("a b/é")')).toBe("a%20b%2F%C3%A9");
    expect(await query({}, '$fromMillis(0, "[Y]-[M01]-[D01]")')).toBe("1970-01-01");
    expect(await query({}, '$match("ab12", /[0-9]+/).match')).toBe("12");
  });
});

test("the plugin's own example works", async () => {
  expect((await runPlugin(plugin, plugin.example!)).output).toBe(42.5);
});
