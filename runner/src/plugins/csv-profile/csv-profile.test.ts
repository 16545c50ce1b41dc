import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { VEGA_DATA as DATA } from "../../../test/support/real-files.ts";
import plugin from "./index.ts";

interface Column {
  name: string;
  type: string;
  nulls: number;
  distinct: number;
  distinctIsEstimate: boolean;
  min: number | string | null;
  max: number | string | null;
  mean: number | null;
  unit: string | null;
  ambiguous: number;
  infinite: number;
  kinds: Record<string, number>;
  mostFrequent: { value: string; count: number }[];
  countsMayBeLowBy: number;
}
interface Profile {
  rows: number;
  raggedRows: number;
  firstRaggedRow: number | null;
  quoteErrors: number;
  delimiter: string;
  dialect: {
    encoding: string | null;
    header: boolean;
    quote: string | null;
    escape: string | null;
    firstLine: number;
    decimal: string;
    dateOrder: string | null;
  };
  assumed: { option: string; value: string; reason: string }[];
  misfits: {
    total: number;
    listed: { line: number; row: number | null; problem: string; text: string }[];
  };
  skipped: { blankLines: number; commentLines: number; preamble: string[] };
  nulls: { text: string; count: number }[];
  columns: Column[];
}

async function profile(
  input: { text?: string; file?: string; url?: string },
  options: object = {},
  filesRoot = DATA,
) {
  const run = await runPlugin(plugin, { input, options, filesRoot });
  return { ...run, profile: run.output as Profile };
}

/** What does not depend on the form of the text. */
const tableOf = ({ rows, raggedRows, quoteErrors, misfits, columns }: Profile) => ({
  rows,
  raggedRows,
  quoteErrors,
  misfits,
  columns,
});

const column = (result: Profile, name: string): Column =>
  result.columns.find((found) => found.name === name)!;

/** Reads a file without quotes with plain code that shares nothing with the plugin. */
function readColumns(file: string): Map<string, string[]> {
  const [header, ...lines] = readFileSync(join(DATA, file), "utf8").trimEnd().split(/\r?\n/);
  const rows = lines.map((line) => line.split(","));
  return new Map(
    header!.split(",").map((name, index) => [name, rows.map((row) => row[index] ?? "")]),
  );
}

describe("real files, compared with plain code", () => {
  test.each(["seattle-weather.csv", "windvectors.csv", "weather.csv", "sp500-2000.csv"])(
    "%s has the counts, means and bounds of its values",
    async (file) => {
      expect(readFileSync(join(DATA, file), "utf8")).not.toContain('"');
      const { profile: found } = await profile({ file }, { top: 1 });
      const expected = readColumns(file);
      expect(found.columns.map(({ name }) => name)).toEqual([...expected.keys()]);
      for (const { name, type, ...rest } of found.columns) {
        const values = expected.get(name)!.filter((value) => value !== "");
        expect(found.rows).toBe(expected.get(name)!.length);
        expect(rest.nulls).toBe(found.rows - values.length);
        expect([rest.distinct, rest.distinctIsEstimate]).toEqual([new Set(values).size, false]);
        const most = Math.max(
          ...Object.values(Object.groupBy(values, String)).map((g) => g!.length),
        );
        expect(rest.mostFrequent[0]!.count).toBe(most);
        expect(values.filter((value) => value === rest.mostFrequent[0]!.value)).toHaveLength(most);
        if (type !== "number" && type !== "integer") continue;
        const numbers = values.map(Number);
        expect([rest.min, rest.max]).toEqual([Math.min(...numbers), Math.max(...numbers)]);
        expect(rest.mean).toBeCloseTo(numbers.reduce((a, b) => a + b) / numbers.length, 6);
      }
    },
  );

  test("the columns of Seattle's weather have the right types", async () => {
    const { profile: found, trace } = await profile({ file: "seattle-weather.csv" });
    expect(Object.fromEntries(found.columns.map(({ name, type }) => [name, type]))).toEqual({
      date: "date",
      precipitation: "number",
      temp_max: "number",
      temp_min: "number",
      wind: "number",
      weather: "string",
    });
    expect(column(found, "date")).toMatchObject({ min: "2012-01-01", max: "2015-12-31" });
    expect(trace.metrics["processedItems"]).toBe(1461);
    expect(trace.progress.at(-1)!.fraction).toBe(1);
  });

  test("dates with month names or times are dates in calendar order", async () => {
    const stocks = (await profile({ file: "stocks.csv" })).profile;
    expect(column(stocks, "date")).toMatchObject({
      type: "date",
      min: "Jan 1 2000",
      max: "Mar 1 2010",
    });
    const github = (await profile({ file: "github.csv" })).profile;
    expect(column(github, "time").type).toBe("date");
  });

  test("zip codes are strings, and more than ten thousand are estimated within 2.5 %", async () => {
    const zips = readColumns("zipcodes.csv");
    const { profile: found } = await profile({ file: "zipcodes.csv" });
    expect(column(found, "zip_code")).toMatchObject({ type: "string", min: "00501", mean: null });
    for (const name of ["zip_code", "latitude", "longitude"]) {
      const exact = new Set(zips.get(name)).size;
      const { distinct, distinctIsEstimate } = column(found, name);
      expect(distinctIsEstimate).toBe(true);
      expect(Math.abs(distinct - exact) / exact).toBeLessThan(0.025);
    }
  });

  test("estimated counts are never too high, and too low by at most the reported error", async () => {
    const zips = readColumns("zipcodes.csv");
    const { profile: found } = await profile({ file: "zipcodes.csv" }, { top: 100 });
    const { mostFrequent, countsMayBeLowBy } = column(found, "latitude");
    const exact = Map.groupBy(zips.get("latitude")!, String);
    expect(mostFrequent.length).toBeGreaterThan(20);
    expect(countsMayBeLowBy).toBeLessThanOrEqual((2 * found.rows) / 10_000);
    for (const { value, count } of mostFrequent) {
      expect(exact.get(value)!.length).toBeGreaterThanOrEqual(count);
      expect(exact.get(value)!.length).toBeLessThanOrEqual(count + countsMayBeLowBy);
    }
  });

  test("a quoted value with commas is one value", async () => {
    const { profile: found } = await profile({ file: "airports.csv" });
    expect(found).toMatchObject({ rows: 3376, raggedRows: 0, quoteErrors: 0 });
    expect(column(found, "iata")).toMatchObject({ distinct: 3376, nulls: 0 });
  });
});

describe("the same table in different forms", () => {
  const weather = readFileSync(join(DATA, "seattle-weather.csv"), "utf8");
  let root: string;
  let server: Server;
  let expected: Profile;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "csv-profile-"));
    expected = (await profile({ text: weather })).profile;
    server = createServer((request, response) => {
      if (request.url === "/weather.csv") response.end(weather);
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
    server.close();
  });

  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  test.each<[string, Buffer, object]>([
    ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${weather}`), {}],
    ["UTF-16 little-endian with a byte order mark", Buffer.from(`\uFEFF${weather}`, "utf16le"), {}],
    [
      "UTF-16 big-endian with a byte order mark",
      Buffer.from(`\uFEFF${weather}`, "utf16le").swap16(),
      {},
    ],
    ["UTF-16 without a byte order mark", Buffer.from(weather, "utf16le"), { encoding: "utf-16le" }],
    ["gzip", gzipSync(weather), {}],
    ["CRLF line endings", Buffer.from(weather.replaceAll("\n", "\r\n")), {}],
    ["CR line endings", Buffer.from(weather.replaceAll("\n", "\r")), {}],
    ["no line ending at the end", Buffer.from(weather.trimEnd()), {}],
    ["blank lines", Buffer.from(weather.replaceAll("\n", "\n\n")), {}],
  ])("%s gives the same profile", async (_, bytes, options) => {
    writeFileSync(join(root, "weather"), bytes);
    const { profile: found } = await profile({ file: "weather" }, options, root);
    expect(tableOf(found)).toEqual(tableOf(expected));
  });

  test.each([
    [";", "semicolon"],
    ["\t", "tab"],
    ["|", "pipe"],
  ])("the delimiter %j is detected", async (delimiter, name) => {
    const text = weather.replaceAll(",", delimiter);
    const { profile: found } = await profile({ text });
    expect(found.delimiter).toBe(delimiter);
    expect(tableOf(found)).toEqual(tableOf(expected));
    expect((await profile({ text }, { delimiter: name })).profile.columns).toHaveLength(6);
  });

  test("a URL is downloaded, and a 404 is an error with the URL", async () => {
    const { profile: found, trace } = await profile({ url: `${address()}/weather.csv` });
    expect(tableOf(found)).toEqual(tableOf(expected));
    expect(trace.metrics["processedItems"]).toBe(1461);
    await expect(profile({ url: `${address()}/nothing` })).rejects.toThrow(/nothing".*404/);
  });

  test("without a header the first row is data", async () => {
    const { profile: found } = await profile({ text: weather }, { header: false });
    expect(found.rows).toBe(expected.rows + 1);
    expect(found.columns[0]).toMatchObject({ name: "column 1", type: "mixed" });
  });

  test("latin1 is read when the option says so, and guessed otherwise", async () => {
    writeFileSync(join(root, "cities"), Buffer.from("city;km\nKöln;1,5\nKöln;2,5\n", "latin1"));
    const guessed = (await profile({ file: "cities" }, {}, root)).profile;
    expect(guessed.assumed[0]).toMatchObject({ option: "encoding", value: "windows-1252" });
    await expect(profile({ file: "cities" }, { encoding: "utf-8" }, root)).rejects.toThrow(
      /not utf-8 text.*The option encoding is "utf-8"/,
    );
    const options = { encoding: "latin1", decimal: "," };
    const { profile: found } = await profile({ file: "cities" }, options, root);
    expect(column(found, "city").mostFrequent).toEqual([{ value: "Köln", count: 2 }]);
    expect(column(found, "km")).toMatchObject({ type: "number", mean: 2, min: 1.5 });
  });
});

describe("unusual input", () => {
  test("an empty CSV has no rows and no columns", async () => {
    const empty = { rows: 0, raggedRows: 0, firstRaggedRow: null, quoteErrors: 0, columns: [] };
    expect((await profile({ text: "" })).profile).toMatchObject(empty);
  });

  test("a CSV with only a header has empty columns", async () => {
    const { profile: found } = await profile({ text: "a,b\n" });
    expect(found.columns.map(({ name, type }) => [name, type])).toEqual([
      ["a", "empty"],
      ["b", "empty"],
    ]);
  });

  test("missing values of ragged rows are nulls, extra ones are ignored, and both rows are counted", async () => {
    const { profile: found } = await profile({ text: "a,b\n1,2\n3\n4,5,6\n7,8\n" });
    expect(found).toMatchObject({ rows: 4, raggedRows: 2, firstRaggedRow: 2 });
    expect(column(found, "b")).toMatchObject({ type: "integer", nulls: 1, distinct: 3, mean: 5 });
  });

  test("missing and repeated column names become unique", async () => {
    const { profile: found } = await profile({ text: "a,,a\n1,2,3\n" });
    expect(found.columns.map(({ name }) => name)).toEqual(["a", "column 2", "a (2)"]);
  });

  test("a column has the narrowest type that fits all values", async () => {
    const text = [
      "int,num,bool,mixed,id,none,day",
      "1,1,true,1,1234567890123456,NA,2024-02-29",
      "-2,2.5e3,FALSE,x,12,,2024-02-28",
    ].join("\n");
    const { profile: found } = await profile({ text });
    expect(found.columns.map(({ type }) => type)).toEqual([
      "integer",
      "number",
      "boolean",
      "mixed",
      "string",
      "empty",
      "date",
    ]);
    const noDay = (await profile({ text: "day\n2023-02-29\n" })).profile;
    expect(noDay.columns[0]!.type).toBe("string");
  });

  test("the option nullTokens defines the nulls", async () => {
    const { profile: found } = await profile({ text: "a\nNA\n-\n1\n" }, { nullTokens: ["-"] });
    expect(found.columns[0]).toMatchObject({ nulls: 1, distinct: 2, type: "mixed" });
  });

  test("a quote that is never closed is text, and its row is listed, also in a large file", async () => {
    const { profile: found } = await profile({ text: 'a,b\n1,2\n3,"4\n' });
    expect(found).toMatchObject({ rows: 2, quoteErrors: 1 });
    expect(found.misfits.listed).toMatchObject([{ line: 3, row: 2, problem: "stray quote" }]);
    const long = `a,b\n1,2\n3,"4\n${"5,6\n".repeat(2_000_000)}`;
    const { profile: large } = await profile({ text: long });
    expect(large).toMatchObject({ rows: 2_000_002, raggedRows: 0, quoteErrors: 1 });
  }, 30_000);

  test("binary data is an error that names its format", async () => {
    await expect(profile({ file: "ffox.png" })).rejects.toThrow(
      'file "ffox.png" is a PNG image: it must be CSV text',
    );
  });

  test("damaged gzip data is an error", async () => {
    const root = mkdtempSync(join(tmpdir(), "csv-profile-"));
    try {
      const zipped = gzipSync(readFileSync(join(DATA, "airports.csv")));
      writeFileSync(join(root, "cut.gz"), zipped.subarray(0, zipped.length / 2));
      await expect(profile({ file: "cut.gz" }, {}, root)).rejects.toThrow("gzip data is damaged");
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  test("a missing file, or a file outside the files folder, is an error with its name", async () => {
    await expect(profile({ file: "nope.csv" })).rejects.toThrow('"nope.csv"');
    await expect(profile({ file: "../package.json" })).rejects.toThrow("files folder");
  });

  test.each([{}, { text: "a", file: "b" }, { text: "a", url: "b" }, { file: "" }])(
    "%j is refused because exactly one source is required",
    async (input) => {
      await expect(profile(input)).rejects.toThrow("exactly one of text, file and url");
    },
  );

  test("an abort stops the run", async () => {
    const run = runPlugin(plugin, {
      input: { file: "zipcodes.csv" },
      filesRoot: DATA,
      signal: AbortSignal.abort(),
    });
    await expect(run).rejects.toThrow(/abort/i);
  });

  test("long values are compared in full and stored in a short form", async () => {
    const long = "x".repeat(50_000);
    const { profile: found } = await profile({ text: `a\n${long}1\n${long}2\n${long}1\n` });
    expect(found.columns[0]).toMatchObject({ distinct: 2, type: "string" });
    expect(found.columns[0]!.mostFrequent[0]!.count).toBe(2);
    expect(found.columns[0]!.mostFrequent[0]!.value.length).toBeLessThan(130);
  });
});

test("the plugin's own example works", async () => {
  const run = plugin.example!;
  const { profile: found } = await profile(run.input as object, run.options as object);
  expect(column(found, "inhabitants")).toMatchObject({ type: "integer", nulls: 1, mean: 2894130 });
});
