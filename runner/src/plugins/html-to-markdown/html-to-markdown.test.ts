import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { UNDERSCORE } from "../../../test/support/real-files.ts";
import textChunk from "../text-chunk/index.ts";
import plugin from "./index.ts";

interface Result {
  title: string | null;
  byline: string | null;
  excerpt: string | null;
  language: string | null;
  url: string | null;
  markdown: string;
  wordCount: number;
  links: { text: string; url: string }[];
  isMainContent: boolean;
}

const PAGE = readFileSync(join(UNDERSCORE, "index.html"), "utf8");

async function convert(input: object, options: object = {}): Promise<Result> {
  return (await runPlugin(plugin, { input, options })).output as Result;
}

describe("addresses", () => {
  const PARAGRAPH = "<p>Flour, water, salt and time make bread. </p>".repeat(20);
  const INSIDE = (html: string) => `<article><h1>Bread</h1>${PARAGRAPH}${html}</article>`;

  test.each([true, false])(
    "only http, https, mailto and tel stay in links (mainContentOnly %s)",
    async (mainContentOnly) => {
      const unsafe = [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java&#10;script:alert(1)",
        "java&Tab;script:alert(1)",
        "&#1;javascript:alert(1)",
        "vbscript:msgbox(1)",
        "data:text/html,<script>alert(1)</script>",
        "blob:https://a.example/1",
        "file:///etc/passwd",
        "http://[bad",
      ];
      const safe = ["https://a.example/x", "mailto:a@a.example", "tel:+491", "/time", "#flour"];
      const links = [...unsafe, ...safe].map((url) => `<p><a href="${url}">go</a></p>`);
      const html = `${links.join("")}<p>Bake it for an hour, and let it cool.</p>`;
      const options = { mainContentOnly };
      const page = await convert({ html: INSIDE(html) }, options);
      expect(page.markdown).not.toMatch(/script:|data:|blob:|file:|\[bad/i);
      for (const url of safe) expect(page.markdown).toContain(`[go](${url})`);
      const urls = ["https://a.example/x", "mailto:a@a.example", "tel:+491", "/time"];
      expect(page.links.map(({ url }) => url)).toEqual(urls);
      const based = await convert({ html: INSIDE(html), baseUrl: "https://a.example/b/" }, options);
      expect(based.markdown).not.toMatch(/script:|data:|blob:|file:|\[bad/i);
      expect(based.markdown).toContain("[go](https://a.example/time)");
    },
  );

  test("only http and https stay in images, also where a page loads them late", async () => {
    const html = INSIDE(
      `<img alt="a" src="data:image/svg+xml;base64,PHN2Zy8+"><img alt="b" src="https://a.example/b.png"><p><img alt="c" data-src="javascript:alert(1)//c.jpg"></p><img alt="d" src="/d.png">`,
    );
    const page = await convert({ html });
    expect(page.markdown).toContain("![b](https://a.example/b.png)");
    expect(page.markdown).toContain("![d](/d.png)");
    expect(page.markdown).not.toMatch(/data:|javascript:/);
  });
});

describe("the documentation of Underscore", () => {
  test("keeps its text, headings, code and links", async () => {
    const page = await convert({ html: PAGE, baseUrl: "http://underscorejs.org/docs/" });
    expect(page).toMatchObject({ title: "Underscore.js", isMainContent: true });
    expect(page.excerpt).toMatch(/^Underscore is a utility-belt library/);
    expect(page.markdown).toContain("## Collection Functions (Arrays or Objects)");
    expect(page.markdown).toContain(
      "```\n_.each([1, 2, 3], alert);\n=> alerts each number in turn...",
    );
    expect(page.markdown).toContain("[Backbone.js](http://backbonejs.org/)");
    expect(page.markdown).not.toContain("</p>");
    expect(page.wordCount).toBeGreaterThan(7_000);
    expect(page.links.length).toBeGreaterThan(50);
    expect(page.links.every(({ url }) => URL.canParse(url))).toBe(true);
  });

  test("with mainContentOnly off, the output includes the sidebar", async () => {
    const main = await convert({ html: PAGE });
    const all = await convert({ html: PAGE }, { mainContentOnly: false });
    expect(all.isMainContent).toBe(false);
    expect(all.wordCount).toBeGreaterThan(main.wordCount);
    expect(all.markdown).not.toContain("function()  {\n    window");
  });

  test("links and images can be removed", async () => {
    const bare = await convert({ html: PAGE }, { links: false, images: false });
    expect(bare.markdown).not.toMatch(/\]\(http/);
    expect(bare.markdown).toContain("Backbone.js");
  });

  test("text-chunk accepts the output as its input", async () => {
    const page = await convert({ html: PAGE });
    const { output } = await runPlugin(textChunk, { input: page, options: { maxTokens: 256 } });
    const { chunks } = output as { chunks: { end: number }[] };
    expect(chunks.at(-1)!.end).toBe(page.markdown.length);
    expect(chunks.length).toBeGreaterThan(50);
  });
});

/** The word μύλος in ISO-8859-7. */
const GREEK = Buffer.from("ecfdebeff2", "hex");

describe("a page by its URL", () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/old") response.writeHead(301, { location: "/docs/page" }).end();
      else if (request.url === "/docs/page") {
        response.setHeader("content-type", "text/html");
        response.end(PAGE);
      } else if (request.url === "/latin1") {
        response.setHeader("content-type", "text/html; charset=iso-8859-1");
        response.end(Buffer.from("<p>Käse</p>", "latin1"));
      } else if (request.url === "/meta") {
        response.setHeader("content-type", "text/html");
        response.end(Buffer.from('<meta charset="windows-1252"><p>Käse</p>', "latin1"));
      } else if (request.url === "/late-meta") {
        const page = `<!-- ${"mill ".repeat(300)}--><meta charset="iso-8859-7"><p>μύλος</p>`;
        response.setHeader("content-type", "text/html");
        response.end(
          Buffer.from(page, "latin1").fill(GREEK, page.indexOf("μ"), page.indexOf("</p>")),
        );
      } else if (request.url === "/pdf") {
        response.setHeader("content-type", "application/pdf");
        response.end("%PDF");
      } else if (request.url === "/huge") {
        response.setHeader("content-type", "text/html");
        response.end("x".repeat((10 << 20) + 1));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  test("relative links are resolved against the URL after redirects", async () => {
    const page = await convert({ url: `${address}/old` }, { mainContentOnly: false });
    expect(page.url).toBe(`${address}/docs/page`);
    expect(page.title).toBe("Underscore.js");
    expect(page.links.some(({ url }) => url.startsWith(`${address}/docs/`))).toBe(true);
  });

  test("the charset can be declared after the first 1,024 bytes", async () => {
    expect((await convert({ url: `${address}/late-meta` })).markdown).toBe("μύλος");
  });

  test.each(["latin1", "meta"])(
    "the charset comes from the header or the page (%s)",
    async (path) => {
      expect((await convert({ url: `${address}/${path}` })).markdown).toBe("Käse");
    },
  );

  test.each([
    ["nothing", /nothing".*404/],
    ["pdf", /application\/pdf instead of HTML/],
    ["huge", /at most 10485760 bytes/],
  ])("/%s is an error with the reason", async (path, message) => {
    await expect(convert({ url: `${address}/${path}` })).rejects.toThrow(message);
  });
});

describe("parts of pages and input that is not a page", () => {
  const whole = { mainContentOnly: false };

  test.each([
    [
      "<table><thead><tr><th>a<th>b</thead><tr><td>1<td>2|3 x_y<tr><td colspan=2>4</table>",
      "| a | b |\n| --- | --- |\n| 1 | 2\\|3 x_y |\n| 4 | |",
    ],
    ["<table><tr><td>1<td><p>2<p>3</table>", "| | |\n| --- | --- |\n| 1 | 2 3 |"],
    ["<table><tr><td>x<td><table><tr><th>y</table></table>", "x\n\n| y |\n| --- |"],
    ["<del>a</del> <pre>b_c\n  d</pre>", "~~a~~\n\n```\nb_c\n d\n```"],
  ])("%s", async (html, expected) => {
    const { markdown } = await convert({ html }, whole);
    expect(markdown.replaceAll(/ +/g, " ")).toBe(expected);
  });

  test("a table of 5,000 rows takes only seconds", async () => {
    const html = `<table><tr><th>a<th>b${"<tr><td>1<td>2".repeat(5_000)}</table>`;
    const { markdown } = await convert({ html }, whole);
    expect(markdown.split("\n")).toHaveLength(5_002);
  });

  test.each([
    ["<!doctype html><title>T</title><p>hi", "T", "hi"],
    ["<html lang=de><head><title>T</title></head><p>hi</p></html>", "T", "hi"],
    ["hello", null, "hello"],
    ["", null, ""],
    ["<html></html>", null, ""],
    ["<p>a <b>b", null, "a **b**"],
  ])("%j", async (html, title, markdown) => {
    expect(await convert({ html }, whole)).toMatchObject({ title, markdown });
    expect((await convert({ html })).markdown).toBe(markdown);
  });

  test("<base> is used, and script links are removed", async () => {
    const html =
      "<head><base href='/b/'></head><body><a href='x'>x</a><a href='javascript:y()'>y</a></body>";
    const { markdown, links } = await convert({ html, baseUrl: "https://a.example/q" }, whole);
    expect(links).toEqual([{ text: "x", url: "https://a.example/b/x" }]);
    expect(markdown).toBe("[x](https://a.example/b/x)y");
  });

  test("without a URL, relative links stay relative", async () => {
    const { markdown } = await convert({ html: "<a href='/x'>x</a>" }, whole);
    expect(markdown).toBe("[x](/x)");
  });

  test.each([{}, { url: "" }, { html: "<p>", url: "http://a.example" }])(
    "%j is refused",
    async (input) => {
      await expect(convert(input)).rejects.toThrow("either html or url is required");
    },
  );

  test("binary data does not crash the plugin", async () => {
    const html = readFileSync(join(UNDERSCORE, "favicon.ico"), "latin1");
    expect(typeof (await convert({ html })).markdown).toBe("string");
  });
});

test("the plugin's own example works", async () => {
  const { output } = await runPlugin(plugin, plugin.example!);
  expect(output).toMatchObject({
    title: "Bread",
    markdown: "# Bread\n\nFlour, water, salt and [time](https://bakery.example/time).",
  });
});
