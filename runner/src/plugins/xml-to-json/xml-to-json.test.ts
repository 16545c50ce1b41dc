import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import iconv from "iconv-lite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import xmlToJson from "./index.ts";

interface Output {
  data: unknown;
  root: string;
  elements: number;
  attributes: number;
  mixedElements: number;
  namespaces: { prefix: string; uri: string }[];
  encoding: string | null;
  file: string | null;
  bytes: number | null;
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "xml-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(input: string | object, options: object = {}): Promise<Output> {
  const given = typeof input === "string" ? { text: input } : input;
  const { output } = await runPlugin(xmlToJson, { input: given, options, filesRoot: root });
  return output as Output;
}

const convert = async (text: string, options?: object): Promise<unknown> =>
  (await run(text, options)).data;

describe("the JSON", () => {
  test.each<[string, string, unknown, object?]>([
    ["text", "<a> x </a>", { a: "x" }],
    ["text with its white space", "<a> x </a>", { a: " x " }, { trim: false }],
    ["an empty element", "<a/>", { a: "" }],
    ["attributes", '<a x="1" y="2"/>', { a: { "@x": "1", "@y": "2" } }],
    ["attributes and text", '<a x="1">t</a>', { a: { "@x": "1", "#text": "t" } }],
    [
      "other keys",
      '<a x="1">t</a>',
      { a: { _x: "1", _: "t" } },
      { attributePrefix: "_", textKey: "_" },
    ],
    ["elements", "<a><b>1</b><c/></a>", { a: { b: "1", c: "" } }],
    ["repeated elements", "<a><b>1</b><b>2</b></a>", { a: { b: ["1", "2"] } }],
    ["a list of one", "<a><b>1</b></a>", { a: { b: ["1"] } }, { arrays: ["b"] }],
    ["lists everywhere", "<a><b><c/></b></a>", { a: { b: [{ c: [""] }] } }, { arrays: ["*"] }],
    ["CDATA", "<a>x <![CDATA[<b> & ]]]]><![CDATA[>]]> y</a>", { a: "x <b> & ]]> y" }],
    ["character references", "<a>&lt;&#228;&#x1F600;&gt;&amp;lt;</a>", { a: "<ä😀>&lt;" }],
    [
      "mixed content in its order",
      "<p>one <b>two</b> three <b>four</b></p>",
      { p: { "#content": ["one ", { b: "two" }, " three ", { b: "four" }] } },
    ],
    [
      "the order of all elements",
      "<a><b/><c/><b/></a>",
      { a: { "#content": [{ b: "" }, { c: "" }, { b: "" }] } },
      { order: "all" },
    ],
    [
      "comments and instructions as nothing",
      "<?x y?><a><!-- c -->t<?z?></a><!-- d -->",
      { a: "t" },
    ],
  ])("has %s", async (_, xml, json, options) => {
    expect(await convert(xml, options)).toEqual(json);
  });

  test("has texts, and numbers only where no digit is lost", async () => {
    const xml =
      '<a n="5"><b>12.50</b><b>-3</b><b>007</b><b>1e5</b><b>12345678901234567890</b><b/><b>+1</b></a>';
    expect(await convert(xml)).toMatchObject({
      a: { "@n": "5", b: ["12.50", "-3", "007", "1e5"].concat(["12345678901234567890", "", "+1"]) },
    });
    expect(await convert(xml, { numbers: true })).toEqual({
      a: { "@n": 5, b: [12.5, -3, "007", "1e5", "12345678901234567890", "", "+1"] },
    });
  });

  test("has names such as __proto__ as plain keys", async () => {
    const json = await convert('<__proto__ constructor="1"><__proto__/><toString/></__proto__>');
    expect(JSON.stringify(json)).toBe(
      '{"__proto__":{"@constructor":"1","__proto__":"","toString":""}}',
    );
  });

  test("counts, and counts mixed elements", async () => {
    const { trace, output } = await runPlugin(xmlToJson, {
      input: { text: '<a x="1">t<b/></a>' },
    });
    expect(output).toMatchObject({ root: "a", elements: 2, attributes: 1, mixedElements: 1 });
    expect(trace.metrics["processedItems"]).toBe(2);
  });

  test("has no key that two values of an element would have", async () => {
    const both = /an attribute and an element or a text .* have the key "_id"/;
    await expect(convert('<a id="1"><_id>2</_id></a>', { attributePrefix: "_" })).rejects.toThrow(
      both,
    );
    await expect(
      convert('<a _id="1">2</a>', { attributePrefix: "_", textKey: "__id" }),
    ).rejects.toThrow(/key "__id"/);
  });
});

describe("namespaces", () => {
  const xml =
    '<feed xmlns="urn:a" xmlns:g="urn:g"><g:price g:unit="EUR" unit="x">1</g:price><price>2</price></feed>';

  test("keep their prefixes and are listed", async () => {
    const { data, namespaces } = await run(xml);
    expect(data).toEqual({
      feed: {
        "@xmlns": "urn:a",
        "@xmlns:g": "urn:g",
        "g:price": { "@g:unit": "EUR", "@unit": "x", "#text": "1" },
        price: "2",
      },
    });
    expect(namespaces).toEqual([
      { prefix: "", uri: "urn:a" },
      { prefix: "g", uri: "urn:g" },
    ]);
  });

  test("can be removed, and attributes with one name stay apart", async () => {
    expect(await convert(xml, { namespaces: "remove" })).toEqual({
      feed: { price: [{ "@g:unit": "EUR", "@unit": "x", "#text": "1" }, "2"] },
    });
  });

  test("must be declared", async () => {
    await expect(convert("<g:a/>")).rejects.toThrow(/unbound namespace prefix: "g"/);
  });
});

describe("entities", () => {
  test("of plain text are expanded, as in drawings of Illustrator", async () => {
    const xml =
      '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"> <!ENTITY who \'Ada\'>]><svg xmlns="&ns;">&who;</svg>';
    expect(await convert(xml)).toEqual({
      svg: { "@xmlns": "http://www.w3.org/2000/svg", "#text": "Ada" },
    });
  });

  test("of character references are expanded, and not those of markup", async () => {
    const xml = (value: string): string => `<!DOCTYPE a [<!ENTITY e "${value}">]><a>x&e;y</a>`;
    expect(await convert(xml("&#160;&#xE9;"))).toEqual({ a: "x\u00A0éy" });
    for (const value of ["&#60;b/>", "&#38;lt;", "&#9999999;"]) {
      await expect(convert(xml(value))).rejects.toThrow(/&e; are not expanded/);
    }
  });

  test("in a long document type are refused before they are searched for", async () => {
    const long = `<!DOCTYPE a [<!ENTITY e "${"<!--".repeat(20_000)}">]><a/>`;
    await expect(convert(long)).rejects.toThrow(/document type has \d+ characters.*at most 65536/);
  });

  test("in files or on servers are not read", async () => {
    writeFileSync(join(root, "secret.txt"), "secret");
    for (const id of [`SYSTEM "file://${root}/secret.txt"`, 'PUBLIC "x" "http://127.0.0.1:9/"']) {
      await expect(convert(`<!DOCTYPE a [<!ENTITY e ${id}>]><a>&e;</a>`)).rejects.toThrow(
        /undefined entity.*&e; are not expanded, because they are external/,
      );
      const unused = `<!DOCTYPE a [<!ENTITY e ${id}> <!ENTITY % p ${id}> %p;]><a>ok</a>`;
      expect(await convert(unused)).toEqual({ a: "ok" });
    }
    expect(await convert('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>')).toEqual({ a: "" });
  });

  test("that expand to a billion laughs are refused", async () => {
    const names = "bcdefghij".split("");
    const nested = names.map((name, index) => {
      const before = index === 0 ? "a" : names[index - 1]!;
      return `<!ENTITY ${name} "${`&${before};`.repeat(10)}">`;
    });
    const laughs = `<!DOCTYPE x [<!ENTITY a "lol">${nested.join("")}]><x>&j;</x>`;
    await expect(convert(laughs)).rejects.toThrow(/undefined entity.*contain markup or other/);
    const flat = `<!DOCTYPE x [<!ENTITY a "${"l".repeat(10_000)}">]><x>${"&a;".repeat(101)}</x>`;
    await expect(convert(flat)).rejects.toThrow(/expand to more than 1000000 characters/);
  });

  test("that are not declared are an error with a hint", async () => {
    for (const name of ["nbsp", "constructor", "__proto__"]) {
      await expect(convert(`<a>&${name};</a>`)).rejects.toThrow(
        /line 1, column \d+: undefined entity\. Text must have &amp; for &/,
      );
    }
  });
});

describe("encodings", () => {
  const text = (encoding: string): string =>
    `<?xml version="1.0" encoding="${encoding}"?>\n<a b="ß">Zürich</a>`;
  const json = { a: { "@b": "ß", "#text": "Zürich" } };

  test.each<[string, string, Buffer]>([
    ["utf-8", "utf-8", Buffer.from(text("UTF-8"))],
    ["utf-8", "utf-8 with its mark", Buffer.from(`\uFEFF${text("UTF-8")}`)],
    ["utf-8", "utf-8 without a declaration", Buffer.from(text("UTF-8").split("\n")[1]!)],
    ["utf-16le", "utf-16le with its mark", Buffer.from(`\uFEFF${text("UTF-16")}`, "utf16le")],
    ["utf-16le", "utf-16le without its mark", Buffer.from(text("UTF-16"), "utf16le")],
    ["utf-16be", "utf-16be", Buffer.from(`\uFEFF${text("UTF-16")}`, "utf16le").swap16()],
    ["iso-8859-1", "a declared charset", iconv.encode(text("ISO-8859-1"), "latin1")],
    ["ibm850", "a code page of DOS", iconv.encode(text("IBM850"), "cp850")],
    ["utf-8", "utf-8 that was UTF-16 once", Buffer.from(text("UTF-16"))],
  ])("%s is found for %s", async (encoding, _, bytes) => {
    writeFileSync(join(root, "a.xml"), bytes);
    const output = await run({ file: "a.xml" });
    expect(output.data).toEqual(json);
    expect(output.encoding).toBe(encoding);
  });

  test("that are wrong or unknown are errors", async () => {
    writeFileSync(join(root, "a.xml"), iconv.encode(text("UTF-8"), "latin1"));
    await expect(run({ file: "a.xml" })).rejects.toThrow(/"a\.xml": the bytes are not utf-8 text/);
    expect((await run({ file: "a.xml" }, { encoding: "latin1" })).data).toEqual(json);
    await expect(run({ file: "a.xml" }, { encoding: "klingon" })).rejects.toThrow(/"klingon"/);
  });

  test("come from the response of a URL", async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/no" ? 404 : 200;
      response.setHeader("Content-Type", "text/xml; charset=ISO-8859-15");
      response.end(Buffer.from("<a>\xa4</a>", "latin1"));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await run({ url })).data).toEqual({ a: "€" });
    await expect(run({ url: `${url}/no` })).rejects.toThrow(/responded with 404/);
    await new Promise((done) => server.close(done));
  });
});

describe("what is refused", () => {
  test.each([
    ["", /exactly one of/],
    ["hello", /line 1, column \d+: text data outside of root node/],
    ["<a>", /unclosed tag: a/],
    ["<a>\n<b></a>", /line 2, column \d+: unexpected close tag/],
    ["<a/><b/>", /only one root/],
    ['<a x="1" x="2"/>', /duplicate attribute: x/],
    ["<a x=1/>", /unquoted attribute value/],
    ["<a>\u0001</a>", /disallowed character/],
    ["<a>Q & A; x</a>", /entity name\. Text must have &amp; for &/],
  ])("%j", async (xml, reason) => {
    await expect(convert(xml)).rejects.toThrow(reason);
  });

  test.each<[object, string, RegExp]>([
    [{ maxBytes: 10 }, "<a>123456789</a>", /text: the XML must have at most 10 bytes.*maxBytes/],
    [{ maxDepth: 2 }, "<a>\n<b><c/></b></a>", /nested 3 deep at line 2\. .*at most 2,.*maxDepth/],
    [{ maxNodes: 3 }, '<a x="1" y="2"><b/></a>', /at most 3, which is the option maxNodes/],
    [{ maxTextChars: 4 }, "<a>12345</a>", /a text has 5 characters.*maxTextChars/],
    [{ maxTextChars: 4 }, '<a b="12345"/>', /an attribute has 5 characters.*maxTextChars/],
  ])("more than %j", async (options, xml, reason) => {
    await expect(convert(xml, options)).rejects.toThrow(reason);
  });

  test("is a file that is too large, before it is read, or that does not exist", async () => {
    writeFileSync(join(root, "a.xml"), "<a>0123456789</a>");
    await expect(run({ file: "a.xml" }, { maxBytes: 9 })).rejects.toThrow(/"a\.xml".*maxBytes/);
    await expect(run({ file: "b.xml" })).rejects.toThrow(/no such file/);
    await expect(run({ file: "../b.xml" })).rejects.toThrow(/leads out/);
  });
});

describe("outputFile", () => {
  test("gets the same JSON", async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => `<r n="${n}">"ä"\n</r>`).join("<!-- -->");
    const xml = `<a>${rows}<e/><p>x<b/>y</p></a>`;
    const output = await run(xml, { outputFile: "out/a.json", arrays: ["e"] });
    expect(output).toMatchObject({ data: null, file: "out/a.json" });
    const written = readFileSync(join(root, "out/a.json"));
    expect(written.length).toBe(output.bytes);
    expect(JSON.parse(written.toString())).toEqual(await convert(xml, { arrays: ["e"] }));
    expect(readdirSync(join(root, "out"))).toEqual(["a.json"]);
  });

  test("is not written if the XML is not well-formed", async () => {
    await expect(run("<a>", { outputFile: "a.json" })).rejects.toThrow(/unclosed/);
    expect(readdirSync(root)).toEqual([]);
  });
});

test("text in many pieces is one text", async () => {
  const long = "0123456789é😀".repeat(60_000);
  writeFileSync(join(root, "a.xml"), `<a><b>${long}</b></a>`);
  expect((await run({ file: "a.xml" })).data).toEqual({ a: { b: long } });
});

const MIME_TYPES = "/usr/share/mime/packages/freedesktop.org.xml";
test.skipIf(!existsSync(MIME_TYPES))("Debian's list of MIME types is converted", async () => {
  const text = readFileSync(MIME_TYPES, "utf8");
  writeFileSync(join(root, "mime.xml"), text);
  const output = await run({ file: "mime.xml" }, { arrays: ["glob"] });
  const { "mime-info": info } = output.data as { "mime-info": { "mime-type": object[] } };
  expect(info["mime-type"]).toHaveLength(text.match(/<mime-type /g)!.length);
  const csv = info["mime-type"].find((type) => "@type" in type && type["@type"] === "text/csv");
  expect(csv).toMatchObject({ glob: [{ "@pattern": "*.csv" }] });
});
