/** Forms of CSV that are common in real files. The inputs are written here. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import plugin from "./index.ts";

interface Column {
  name: string;
  type: string;
  nulls: number;
  min: unknown;
  max: unknown;
  mean: number | null;
  unit: string | null;
  ambiguous: number;
  infinite: number;
}
interface Profile {
  rows: number;
  raggedRows: number;
  quoteErrors: number;
  delimiter: string;
  dialect: Record<string, unknown>;
  assumed: { option: string; value: string; reason: string }[];
  misfits: { total: number; listed: { line: number; problem: string }[] };
  skipped: { commentLines: number; preamble: string[] };
  nulls: { text: string; count: number }[];
  columns: Column[];
}

async function profile(text: string, options: object = {}): Promise<Profile> {
  return (await runPlugin(plugin, { input: { text }, options })).output as Profile;
}

const namesOf = ({ columns }: Profile): string[] => columns.map(({ name }) => name);
const typesOf = ({ columns }: Profile): string[] => columns.map(({ type }) => type);
const optionsOf = ({ assumed }: Profile): string[] => assumed.map(({ option }) => option);

describe("the delimiter", () => {
  test.each<[string, string, string[]]>([
    ["id;place, country\n1;Oslo, Norway\n2;Bern, Switzerland\n", ";", ["id", "place, country"]],
    ["a\tcolor\n1\t12,80,33\n2\t9,14,200\n", "\t", ["a", "color"]],
    ["x;y\n1,5;2,25\n3,5;4,75\n", ";", ["x", "y"]],
    ["day^sum\n1^2\n3^4\n", "^", ["day", "sum"]],
    ["a:b:c\n1:2:3\n4:5:6\n", ":", ["a", "b", "c"]],
    ["a||b\n1||x\n2||y\n", "||", ["a", "b"]],
    ["step size rate\n1 20 0.5\n2 30 0.25\n3 40 0.125\n", " ", ["step", "size", "rate"]],
  ])("of %j is %j", async (text, delimiter, names) => {
    const found = await profile(text);
    expect([found.delimiter, namesOf(found)]).toEqual([delimiter, names]);
    expect(found.raggedRows).toBe(0);
    expect(found.assumed).toContainEqual(
      expect.objectContaining({ option: "delimiter", value: delimiter }),
    );
  });

  test("is not searched for in a column of times, of texts or of links", async () => {
    for (const text of [
      "at\n12:30\n13:45\n",
      "full name\nAda Lovelace\nAlan Turing\n",
      "link\nhttp://a.example/x\nhttp://b.example/y\n",
    ]) {
      expect((await profile(text)).columns).toHaveLength(1);
    }
  });

  test.each([
    ["sum\n1.234.567,89\n2.000,00\n12,50\n", "number"],
    ["people\n1,234\n5,678\n9,012\n", "integer"],
    ["price\n$1,234.50\n$12.00\n", "number"],
    ["link\nhttps://a.example/x?y=1;z=2\nhttps://b.example/x?y=3;z=4\n", "string"],
  ])("is not searched for in the numbers and links of one column: %j", async (text, type) => {
    const found = await profile(text);
    expect([namesOf(found), typesOf(found)]).toEqual([[text.split("\n")[0]], [type]]);
    expect(found.rows).toBe(text.split("\n").length - 2);
  });

  test("is named by a sep= line", async () => {
    const found = await profile("sep=|\r\nn|t\r\n1|a,b\r\n2|c,d\r\n");
    expect(found).toMatchObject({ rows: 2, raggedRows: 0, delimiter: "|" });
    expect(namesOf(found)).toEqual(["n", "t"]);
  });

  test("can be any text with the option, also a name", async () => {
    expect((await profile("a~|~b\n1~|~2\n", { delimiter: "~|~" })).columns).toHaveLength(2);
    expect((await profile("a b\nx y\n", { delimiter: "space" })).columns).toHaveLength(2);
    await expect(profile("a", { delimiter: "\n" })).rejects.toThrow(/line end/);
  });
});

describe("the table", () => {
  test.each<[string, string, string[], number]>([
    ["a title line", "Stock list\nsku;qty\nx1;3\nx2;4\n", ["sku", "qty"], 2],
    [
      "a title with delimiters",
      "Run 7,Lab 2, Monday, May 5\nnm,abs\n400,0.25\n401,0.5\n402,0.75\n",
      ["nm", "abs"],
      2,
    ],
    [
      "account data",
      '"Konto:","12 / X"\n""\n"Von:","01.02.2024"\n""\n"Tag","Text","Betrag"\n"03.02.2024","a","-1,50"\n"04.02.2024","b","2,50"\n',
      ["Tag", "Text", "Betrag"],
      5,
    ],
    [
      "a title as wide as the table",
      "Report,,\n,,\nid,n,v\n1,a,2.5\n2,b,3.5\n",
      ["id", "n", "v"],
      3,
    ],
    [
      "comments",
      "# made by x\n# a, b, c, d\nyear,ppm\n2001,371.1\n2002,373.2\n",
      ["year", "ppm"],
      3,
    ],
  ])("is found below %s", async (_, text, names, firstLine) => {
    const found = await profile(text);
    expect(namesOf(found)).toEqual(names);
    expect(found).toMatchObject({ rows: text.includes("nm,abs") ? 3 : 2, raggedRows: 0 });
    expect(found.dialect["firstLine"]).toBe(firstLine);
    expect(found.skipped.preamble.length).toBeGreaterThan(0);
    expect(optionsOf(found)).toContain(text.startsWith("#") ? "comment" : "skipRows");
  });

  test("begins where skipRows says, and comments are what the option says", async () => {
    const found = await profile("x,y\nz,w\na,b\n% note\n1,2\n", { skipRows: 2, comment: "%" });
    expect([namesOf(found), found.rows, found.skipped.commentLines]).toEqual([["a", "b"], 1, 1]);
    expect(optionsOf(found)).not.toContain("skipRows");
  });

  test("has no header if the first row has values like the others", async () => {
    const found = await profile("7\n0.5,1.25\n1.5,2.25\n2.5,3.25\n");
    expect([namesOf(found), typesOf(found), found.rows]).toEqual([
      ["column 1", "column 2"],
      ["number", "number"],
      3,
    ]);
    expect(found.assumed).toContainEqual(
      expect.objectContaining({ option: "header", value: "false" }),
    );
    expect((await profile("1,2\n3,4\n", { header: true })).rows).toBe(1);
  });

  test("begins with its first row if only some of the rows end with a delimiter", async () => {
    const text = "k1\t7\tred\nk2\t9\tblue\t\nk3\t4\tgrey\nk4\t8\tpink\t\n";
    const found = await profile(text, { header: false });
    expect(found).toMatchObject({ rows: 4, raggedRows: 2, skipped: { preamble: [] } });
    expect(found.columns).toMatchObject([{ min: "k1", max: "k4" }, { min: 4 }, { max: "red" }]);
  });

  test.each([
    ["item,name,,size\n7,blue\n8,red\n\n9,green,1,2,3\n", 3, 3],
    ["7,blue\n8,red\n9,green,more\n", 3, 1],
    ["p,q,r\n1,cat\ndog,hen\n3,fox,hen\n", 3, 2],
  ])("begins with its first row if only the last row is longer: %j", async (text, rows, ragged) => {
    const found = await profile(text);
    expect(found).toMatchObject({ rows, raggedRows: ragged, skipped: { preamble: [] } });
  });

  test("has a header of years above numbers", async () => {
    const found = await profile("Country,2001,2002\nMali,11.5,12\nPeru,26,27.5\n");
    expect(namesOf(found)).toEqual(["Country", "2001", "2002"]);
  });

  test("has a commented header, or a column that is named #", async () => {
    expect(namesOf(await profile("#,name\n1,a\n2,b\n"))).toEqual(["#", "name"]);
    expect(namesOf(await profile("#chrom,start\nchr1,100\nchr2,200\n"))).toEqual([
      "chrom",
      "start",
    ]);
  });

  test("has row names if each row has one value more than the header, as R writes them", async () => {
    const found = await profile('"len","mass"\n"Ant",1.5,2\n"Bee",2.5,4\n"Cat",46,4000\n');
    expect(found.raggedRows).toBe(0);
    expect(found.columns[1]).toMatchObject({ name: "len", min: 1.5, max: 46 });
    expect(found.assumed.some(({ value }) => value === "one name short")).toBe(true);
  });

  test("keeps its columns if the rows have a delimiter or a value too much, and lists them", async () => {
    for (const text of ["a,b\n1,2,\n3,4,\n", "id,b\n1,2,9\n2,4,8\n"]) {
      const found = await profile(text);
      expect(found).toMatchObject({ rows: 2, raggedRows: 2 });
      expect(found.columns[1]).toMatchObject({ name: "b", min: 2, max: 4 });
      expect(found.misfits.listed).toMatchObject([
        { line: 2, problem: "too many values" },
        { line: 3, problem: "too many values" },
      ]);
    }
  });

  test("does not count a header that comes again, as in joined files", async () => {
    const found = await profile("a,b\n1,2\n\uFEFFa,b\n3,4\n");
    expect([found.rows, typesOf(found)]).toEqual([2, ["integer", "integer"]]);
    expect(found.misfits.listed).toMatchObject([{ line: 3, problem: "header again" }]);
  });

  test("can have thousands of columns", async () => {
    const names = Array.from({ length: 9_100 }, (_, index) => `c${index}`);
    const found = await profile(`${names.join(",")}\n${names.map((_, i) => i).join(",")}\n`);
    expect(found.columns).toHaveLength(9_100);
    expect(found.columns.at(-1)).toMatchObject({ name: "c9099", min: 9_099 });
  });

  test("has a row of 5 MB, and one of over 16 million characters is an error with its line", async () => {
    expect((await profile(`a,b\n1,${"x".repeat(5 << 20)}\n2,y\n`)).rows).toBe(2);
    await expect(profile(`a,b\n1,${"x".repeat(17 << 20)}\n`)).rejects.toThrow(
      /line 2 has more than/,
    );
  });
});

describe("quotes", () => {
  test("a stray quote takes in no other row", async () => {
    const text =
      'n;shop;town\n1;"Uno & Co;A\n2;Due "Bar" 3;B\n3;Tre;C\n4;"Quattro";D\n5;Cin"que;E\n6;"Sei;F\n7;Sette";G\n';
    const found = await profile(text);
    expect(found).toMatchObject({ rows: 7, raggedRows: 0 });
    expect(found.columns[0]).toMatchObject({ type: "integer", min: 1, max: 7 });
    const stray = found.misfits.listed.filter(({ problem }) => problem === "stray quote");
    expect(stray.map(({ line }) => line)).toEqual([2, 7]);
  });

  test("a value with line ends, delimiters and doubled quotes is one value", async () => {
    const found = await profile('id,t\n1,"a ""b"", c\r\nd, 5"\n2,"e\nf"\n3,g\n');
    expect(found).toMatchObject({ rows: 3, raggedRows: 0, quoteErrors: 0 });
    expect(found.columns[1]).toMatchObject({ min: 'a "b", c\nd, 5' });
  });

  test("a backslash escapes quotes and delimiters where that fits", async () => {
    const found = await profile('n,act,info\n1,s,"\\"x\\", y"\n2,v,"\\"z\\""\n3,a\\,b,c\n');
    expect(found).toMatchObject({ rows: 3, raggedRows: 0, quoteErrors: 0 });
    expect(found.dialect["escape"]).toBe("\\");
    const path = await profile('n,dir\n1,"C:\\temp\\"\n2,"D:\\x\\"\n');
    expect([path.rows, path.dialect["escape"]]).toEqual([2, null]);
  });

  test("single quotes quote where they hold delimiters or all values, and are text elsewhere", async () => {
    expect(namesOf(await profile("'k','v'\n'a','1'\n'b','2'\n"))).toEqual(["k", "v"]);
    const found = await profile("k,v\n'a,1','x'\n'b,2','y'\n");
    expect([found.raggedRows, found.dialect["quote"]]).toEqual([0, "'"]);
    expect((await profile("k,v\n'tis,1\nit's,2\n")).dialect["quote"]).toBe('"');
  });

  test("a space before a quote does not matter", async () => {
    const found = await profile('"k", "v"\n"1", "2.5"\n"2" , "3.5"\n');
    expect([namesOf(found), typesOf(found)]).toEqual([
      ["k", "v"],
      ["integer", "number"],
    ]);
  });

  test("a quoted empty value is a row, and a blank line is none", async () => {
    expect((await profile('k\n"a"\n""\n\n"b"\n')).rows).toBe(3);
  });

  test("none are read with the option", async () => {
    const found = await profile('a,b\n"x,1\n"y,2\n', { quote: "none" });
    expect(found).toMatchObject({ rows: 2, raggedRows: 0, quoteErrors: 0 });
  });

  test("line feeds are text where carriage returns end the rows", async () => {
    expect((await profile("k;v\r1;a\r2;b\nc\r3;d\r")).rows).toBe(3);
    expect((await profile("k;v\r\n1;a\r\n2;b\nc\r\n3;d\r\n")).rows).toBe(3);
  });
});

describe("values", () => {
  test.each<[string, object, Partial<Column>]>([
    ["v\n1.299,99\n12,5\n", {}, { type: "number", min: 12.5, max: 1299.99 }],
    ['v\n"1,234"\n"2,500"\n987\n', {}, { type: "integer", mean: 4721 / 3 }],
    ["v\n1.234\n2.500\n", { decimal: "," }, { type: "integer", min: 1234, max: 2500 }],
    ["v\n1 234,5\n12 345 678,25\n", {}, { type: "number", max: 12345678.25 }],
    ["v\n1'234.5\n2'000.25\n", {}, { type: "number", max: 2000.25 }],
    ['v\n"1,23,456"\n"2,00,000"\n', {}, { type: "integer", min: 123456 }],
    ['v\n"1,234"\n', { thousands: "none", decimal: "." }, { type: "string" }],
    ["v\n€ 1.234,50\n€ 20,00\n", {}, { type: "number", unit: "€", max: 1234.5 }],
    ['v\n"$1,234.50"\n($20.00)\n', {}, { type: "number", unit: "$", min: -20 }],
    ["v\n12.5%\n7.5%\n", {}, { type: "number", unit: "%", mean: 10 }],
    ["v\n$5\n£6\n", {}, { type: "mixed", mean: null, unit: null }],
    ["v\n50%\n0.5\n", {}, { type: "mixed", mean: null }],
    [
      "v\n9007199254740993\n-9223372036854775808\n5\n",
      {},
      { type: "string", min: "-9223372036854775808", max: "9007199254740993" },
    ],
    ["v\n+4917012345678\n+4917012345679\n", {}, { type: "string" }],
    ["v\n0.5\nNaN\nnan\n#N/A\n\\N\n0.25\n", {}, { type: "number", nulls: 4, mean: 0.375 }],
    ["v\n5\n-\n?\n7\n", {}, { type: "integer", nulls: 2, mean: 6 }],
    ["v\n0.5\ninf\n-inf\n", {}, { type: "number", infinite: 2, min: 0.5, mean: null }],
    [
      "v\n-1.7976931348623157e+308\n-1.7976931348623157e+308\n",
      {},
      { type: "number", mean: -1.7976931348623157e308 },
    ],
    ["v\n1\n \n3\n", { nulls: [" "] }, { type: "integer", nulls: 1 }],
    ["v\n1\n.\n3\n", { nullTokens: ["."] }, { type: "integer", nulls: 1 }],
  ])("%j with %j", async (text, options, expected) => {
    const found = await profile(text, { delimiter: ";", ...options });
    expect(found.columns[0]).toMatchObject(expected);
  });

  test.each<[string, object, Partial<Column>]>([
    ["v\n03/04/2021\n25/12/2020\n", {}, { type: "date", min: "25/12/2020", ambiguous: 1 }],
    ["v\n03/04/2021\n12/25/2020\n", {}, { type: "date", min: "12/25/2020", ambiguous: 1 }],
    ["v\n03/04/2021\n05/06/2020\n", {}, { type: "string", ambiguous: 2 }],
    ["v\n03/04/2021\n05/03/2021\n", { dateFormat: "dmy" }, { type: "date", min: "05/03/2021" }],
    ["v\n03/04/2021\n05/03/2021\n", { dateFormat: "mdy" }, { type: "date", min: "03/04/2021" }],
    ["v\n03.04.21\n01.02.1999\n", {}, { type: "date", min: "01.02.1999" }],
    [
      "v\n2021-01-31 21:25:58.5+02\n2021-01-31 20:25:58+00\n",
      {},
      { type: "date", min: "2021-01-31 21:25:58.5+02" },
    ],
    [
      "v\n12/31/1999 11:59 PM\n12/31/1999 9:15 AM\n",
      {},
      { type: "date", min: "12/31/1999 9:15 AM" },
    ],
    ["v\n15-Apr-23\n1 May 2022\n", {}, { type: "date", min: "1 May 2022" }],
    ['v\n"Sat, 15 Apr 2023 10:00:00 GMT"\n', {}, { type: "date" }],
    ["v\nMarch 3 2012\nMayor 7 2012\n", {}, { type: "mixed" }],
    ["v\nOctavia 2 2010\nMarvel 7 2012\n", {}, { type: "string" }],
    ["v\n1.2.10\n1.3.11\n", {}, { type: "string" }],
  ])("dates %j with %j", async (text, options, expected) => {
    const found = await profile(text, { delimiter: ";", ...options });
    expect(found.columns[0]).toMatchObject(expected);
  });

  test("a column that leaves its reading open follows the others, and else it is reported", async () => {
    const found = await profile("q;p;d;e\n1.234;1.299,99;01/02/2021;13/02/2021\n");
    expect(found.columns.map(({ min }) => min)).toEqual([
      1234,
      1299.99,
      "01/02/2021",
      "13/02/2021",
    ]);
    const open = await profile("q,d\n1.234,01/02/2021\n");
    expect(optionsOf(open)).toEqual(expect.arrayContaining(["decimal", "dateFormat"]));
  });

  test("the spellings of nulls are counted", async () => {
    const { nulls } = await profile("a,b\nNA,1\nNA,\n");
    expect(nulls).toEqual([
      { text: "NA", count: 2 },
      { text: "", count: 1 },
    ]);
  });
});

describe("sources", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "csv-forms-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  async function profileBytes(bytes: Uint8Array, options: object = {}): Promise<Profile> {
    writeFileSync(join(root, "f"), bytes);
    const run = await runPlugin(plugin, { input: { file: "f" }, options, filesRoot: root });
    return run.output as Profile;
  }

  test("the byte order mark of a text is not part of the first name", async () => {
    expect(namesOf(await profile('\uFEFF"k, x","v"\n1,2\n'))).toEqual(["k, x", "v"]);
  });

  test.each<[string, string, Uint8Array]>([
    ["windows-1252", "größe", Buffer.from("größe,n\nfünf,1\n", "latin1")],
    // "都市,数\n京都,1\n" in Shift_JIS, "имя,n\nОльга,1\nИван,2\n" in Windows-1251
    [
      "shift_jis",
      "都市",
      Buffer.from("9373 8e73 2c90 940a 8b9e 9373 2c31 0a".replaceAll(" ", ""), "hex"),
    ],
    ["windows-1251", "имя", Buffer.from("e8ecff2c6e0aceebfce3e02c310ac8e2e0ed2c320a", "hex")],
    ["utf-16le", "größe", Buffer.from("größe,n\nfünf,1\nacht,2\n", "utf16le")],
  ])("%s without a mark is guessed, and the guess is reported", async (encoding, name, bytes) => {
    const found = await profileBytes(bytes);
    expect(namesOf(found)[0]).toBe(name);
    expect(found.assumed).toContainEqual(
      expect.objectContaining({ option: "encoding", value: encoding }),
    );
  });

  test("the guess also works if the first other byte comes after megabytes of ASCII", async () => {
    const head = Buffer.from(`k,v\n${"1,abc\n".repeat(400_000)}`);
    const found = await profileBytes(Buffer.concat([head, Buffer.from("2,é\n", "latin1")]));
    expect(found).toMatchObject({ rows: 400_001, dialect: { encoding: "windows-1252" } });
    expect(found.columns[1]!.max).toBe("é");
  });

  test("an encoding of DOS is read with the option, and an unknown one is an error", async () => {
    const found = await profileBytes(Buffer.from("k\n\x81\n", "latin1"), { encoding: "cp850" });
    expect(found.columns[0]!.min).toBe("ü");
    await expect(profileBytes(Buffer.from("k\n"), { encoding: "klingon" })).rejects.toThrow(
      /encoding is "klingon": it must be/,
    );
  });

  test("swapped UTF-16, damaged UTF-8 and a NUL are errors that say so", async () => {
    const swapped = Buffer.from("k,v\n1,x\n", "utf16le").swap16();
    await expect(profileBytes(swapped, { encoding: "utf-16le" })).rejects.toThrow(
      /it must be "utf-16be"/,
    );
    const damaged = Buffer.concat([Buffer.from("äöüßéè,".repeat(20)), Buffer.from([0xe4, 0x0a])]);
    await expect(profileBytes(damaged)).rejects.toThrow(/is not utf-8 text/);
    await expect(profileBytes(Buffer.from("k,v\n1,a\0b\n"))).rejects.toThrow(
      /NUL character at about byte 7, after "k,v\\n1,a"/,
    );
  });

  test("other formats are errors that name them", async () => {
    await expect(profileBytes(Buffer.from("504b030414000000", "hex"))).rejects.toThrow(/Excel/);
    await expect(profile("<!DOCTYPE html><title>Log in</title>")).rejects.toThrow(/an HTML page/);
    await expect(profile('{"error": "slow down", "code": 429}')).rejects.toThrow(/is JSON/);
    await expect(profile('[{"a": 1}]')).rejects.toThrow(/is JSON/);
  });

  test("the end-of-file character of DOS is no row", async () => {
    const found = await profileBytes(Buffer.from("k,v\r\n1,2\r\n3,4\r\n\x1a"));
    expect([found.rows, found.raggedRows, typesOf(found)]).toEqual([2, 0, ["integer", "integer"]]);
  });

  test("a download is read in the charset of its header, unless it is UTF-8", async () => {
    const body = { "/latin": Buffer.from("k\né\n", "latin1"), "/utf8": Buffer.from("k\né\n") };
    const server = createServer((request, response) => {
      const type = "text/csv; charset=iso-8859-1";
      response.writeHead(200, { "content-type": type });
      response.end(body[request.url as keyof typeof body]);
    });
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    try {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      for (const path of Object.keys(body)) {
        const { output } = await runPlugin(plugin, { input: { url: origin + path } });
        expect((output as Profile).columns[0]!.min).toBe("é");
      }
    } finally {
      server.close();
    }
    await expect(runPlugin(plugin, { input: { url: "http://127.0.0.1:1/x.csv" } })).rejects.toThrow(
      /url is "http:\/\/127\.0\.0\.1:1\/x\.csv": the download failed/,
    );
  });
});
