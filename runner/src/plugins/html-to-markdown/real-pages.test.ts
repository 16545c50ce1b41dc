/** The kinds of page in public bug reports of converters and readers, each with input of its own. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import plugin from "./index.ts";

interface Result {
  title: string | null;
  markdown: string;
  wordCount: number;
  links: { text: string; url: string }[];
  isMainContent: boolean;
}

const PARAGRAPH = `<p>${"The mill grinds rye on Mondays, wheat on Fridays, and rests in between. ".repeat(5)}</p>`;

async function run(input: object, options: object = {}): Promise<Result> {
  return (await runPlugin(plugin, { input, options })).output as Result;
}
async function whole(html: string): Promise<string> {
  return (await run({ html, baseUrl: "https://mill.example/" }, { mainContentOnly: false }))
    .markdown;
}
async function inArticle(html: string): Promise<string> {
  const page = `<article><h1>Mill</h1>${PARAGRAPH}${html}${PARAGRAPH}</article>`;
  const { markdown, isMainContent } = await run({ html: page, baseUrl: "https://mill.example/" });
  expect(isMainContent).toBe(true);
  return markdown;
}

describe("code keeps its lines, indentation and language", () => {
  test.each([
    ["line breaks", "<pre><code>x = 1<br>y = 2<br/>z = 3</code></pre>", "", "x = 1\ny = 2\nz = 3"],
    ["no code element", "<pre>ls<br>  cd ..</pre>", "", "ls\n  cd .."],
    [
      "space before code",
      '<pre>\n\t<code class="lang-go">a()\nb()</code>\n</pre>',
      "go",
      "a()\nb()",
    ],
    ["a code element per line", "<pre><code>one</code><code>two</code></pre>", "", "one\ntwo"],
    ["a div per line", "<pre><div>if x:</div><div></div><div>  y</div></pre>", "", "if x:\n\n  y"],
    ["code around pre", "<code><pre>a\nb</pre></code>", "", "a\nb"],
    ["line breaks in code", "<p><code>a<br>b</code></p>", "", "a\nb"],
    [
      "spans per line",
      '<pre class="shiki" data-language="rust"><code><span class="line">fn a() {</span><span class="line">}</span></code></pre>',
      "rust",
      "fn a() {\n}",
    ],
    [
      "a highlighter's wrapper",
      '<div class="highlight highlight-source-shell"><pre>npm test\nnpm run demo</pre></div>',
      "shell",
      "npm test\nnpm run demo",
    ],
    [
      "a table with numbers",
      '<figure class="highlight yaml"><table><tr><td class="gutter"><pre>1<br>2</pre></td><td><pre>a:<br>  b: 2024-05-01</pre></td></tr></table></figure>',
      "yaml",
      "a:\n  b: 2024-05-01",
    ],
    [
      "a row per line",
      '<table class="hljs-ln"><tr><td data-line-number="1"></td><td>x</td></tr><tr><td data-line-number="2"></td><td>  y</td></tr></table>',
      "",
      "x\n  y",
    ],
    [
      "a header and numbers",
      '<pre><div class="code-header">JSON<button>Copy</button></div><code class="language-json"><div><span>1</span><b>{</b></div><div><span>2</span><b>}</b></div></code></pre>',
      "json",
      "{\n}",
    ],
  ])("%s", async (_name, html, language, code) => {
    const block = `\`\`\`${language}\n${code}\n\`\`\``;
    expect(await whole(html)).toBe(block);
    expect(await inArticle(html)).toContain(block);
  });

  test("a table of numbers and commands is not a listing", async () => {
    const html = "<table><tr><td>1<td><code>ls</code><td>lists</table>";
    expect(await whole(html)).toContain("| 1 | `ls` | lists |");
  });

  test("a code element that becomes a block has its text and no mark of the program", async () => {
    const code =
      '<code class="hl lean block"><span class="keyword token">def</span><span class="inter-text"> n</span><span> : </span><a href="/Nat"><span class="const token">Nat</span></a><span> := 7</span></code>';
    const markdown = await inArticle(`<p>Before</p>${code}<p>After</p>`);
    expect(markdown).toContain("```lean\ndef n : Nat := 7\n```");
    expect(markdown).not.toMatch(/[\uFDD0-\uFDEF]/);
  });
});

describe("tables", () => {
  test.each([
    [
      "a caption stands before the table",
      "<table><caption>Grain</caption><tr><th>a<tr><td>1</table>",
      "Grain\n\n| a |\n| --- |\n| 1 |",
    ],
    [
      "a cell over two rows",
      "<table><tr><th>a<th>b<tr><td rowspan=2>x<td>1<tr><td>2</table>",
      "| a | b |\n| --- | --- |\n| x | 1 |\n| | 2 |",
    ],
    [
      "a row longer than the header",
      "<table><tr><th>a<tr><td>1<td>2<td>3</table>",
      "| a | | |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
    ],
    [
      "a footer before the body",
      "<table><thead><tr><th>a</thead><tfoot><tr><td>sum</tfoot><tbody><tr><td>1</table>",
      "| a |\n| --- |\n| 1 |\n| sum |",
    ],
    [
      "blocks and code in a cell",
      "<table><tr><th>a<tr><td><ul><li>x<li>y</ul><tr><td><pre>p\n  q</pre></table>",
      "| a |\n| --- |\n| x y |\n| `p`<br>`  q` |",
    ],
    [
      "an absurd span",
      "<table><tr><th colspan=100000>a<tr><td rowspan=100000>1</table>",
      /^\| a (?:\| ){99}/,
    ],
  ])("%s", async (_name, html, expected) => {
    const markdown = (await whole(html)).replaceAll(/(?<!`) +(?!q)/g, " ");
    if (typeof expected === "string") expect(markdown).toBe(expected);
    else expect(markdown).toMatch(expected);
  });
});

describe("text and inline elements", () => {
  test.each([
    ["a<sup>2</sup> + b<sub>i</sub>", "a<sup>2</sup> + b<sub>i</sub>"],
    ["&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt;", "\\<script>alert(1)\\</script> \\&lt;"],
    ["un<em>break</em>able", "un*break*able"],
    ["see https://mill.example/a_b_c", "see <https://mill.example/a_b_c>"],
    ["<h3>One<br>line</h3>", "### One line"],
    [
      "<a href=/x><h3>T</h3><p>t</p></a>",
      "### [T](https://mill.example/x)\n\n[t](https://mill.example/x)",
    ],
    ["<ul><li>a<ol><li>b</ol></ul>", "- a\n  1. b"],
    ["<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n  - b\n- c"],
    [
      "<ul><li><label><input type=checkbox checked>x</label><li><input type=checkbox>y</ul>",
      "- [x] x\n- [ ] y",
    ],
    ["<b>注意：</b>本", "**注意：**&#x672C;"],
    ["<b>Price: </b>5<i> or </i>6", "**Price:** 5 *or* 6"],
    ["a<i> <b> b </b></i>c<b><br></b>", "a ***b*** c"],
    ["<b>Mill<br></b>of the river", "**Mill**\\\nof the river"],
    ["<a href='/my file (1).pdf'>f</a>", "[f](https://mill.example/my%20file%20\\(1\\).pdf)"],
    ["<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢(kan)"],
    ["<h2></h2><code> </code><noscript><p>no scripts</p></noscript>a", "a"],
    ["<menu><li>a</menu><dialog open>b</dialog>", "- a\n\nb"],
  ])("%s", async (html, expected) => {
    expect(await whole(html)).toBe(expected);
  });

  test.each([
    ["un<em>break</em>able, <b>a</b><i>b</i>", "un*break*able, **a**_b_"],
    ["<a href=/j>Jo</a>'s mill", "[Jo](https://mill.example/j)'s mill"],
    ["Bonjour ! <b>Ça va</b> ?", "Bonjour ! **Ça va** ?"],
    ["👨‍👩‍👧 and می‌خواهم", "👨‍👩‍👧 and می‌خواهم"],
    ["a <b>b</b> c, d<br>e", "a **b** c, d\\\ne"],
  ])("the main content keeps spaces and joiners as they are (%s)", async (html, expected) => {
    expect(await inArticle(`<p>${html}</p>`)).toContain(expected);
  });

  test("words are counted in each block and in each script", async () => {
    const html = "<ul><li>one<li>two</ul><p>three<p>咖啡</p><table><tr><td>five<td>six</table>";
    const { wordCount } = await run({ html }, { mainContentOnly: false });
    expect(wordCount).toBe(6);
  });
});

describe("formulas become TeX, once", () => {
  const KATEX =
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>y</mi><annotation encoding="application/x-tex">y_1</annotation></semantics></math></span><span class="katex-html" aria-hidden="true">y1</span></span>';
  test.each([
    [KATEX, "$y_1$"],
    [`<span class="katex-display">${KATEX}</span>`, "$$\ny_1\n$$"],
    [
      '<span class="MathJax_Preview"></span><span class="MathJax">y1</span><script type="math/tex">y_1</script>',
      "$y_1$",
    ],
    ['<script type="math/tex; mode=display">y_1</script>', "$$\ny_1\n$$"],
    ["<math><msub><mi>y</mi><mn>1</mn></msub></math>", /\$y_\{?1\}?\$/],
    [
      "<mjx-container><svg></svg><mjx-assistive-mml><math><msub><mi>y</mi><mn>1</mn></msub></math></mjx-assistive-mml></mjx-container>",
      /\$y_\{?1\}?\$/,
    ],
    [
      '<span class="mwe-math-element"><math alttext="{\\displaystyle y_1}"><mi>y</mi></math><img class="mwe-math-fallback-image-inline" src="/y.svg" alt="y"></span>',
      "$y_1$",
    ],
  ])("%s", async (html, expected) => {
    for (const markdown of [
      await whole(`<p>Let ${html} be.</p>`),
      await inArticle(`<p>Let ${html} be.</p>`),
    ]) {
      expect(markdown).toMatch(expected);
      expect(markdown).not.toMatch(/y1|!\[/);
    }
  });
});

describe("images and embedded media", () => {
  const BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
  test.each([
    [`<img alt=i src="${BLANK}" data-src="/i.jpg">`, "![i](https://mill.example/i.jpg)"],
    [`<img alt=i data-srcset="/s.jpg 300w, /i.jpg 900w">`, "![i](https://mill.example/i.jpg)"],
    [`<img alt=i srcset="/s.jpg, /i.jpg 2x">`, "![i](https://mill.example/i.jpg)"],
    [
      `<picture><source srcset="/i.webp"><img alt=i></picture>`,
      "![i](https://mill.example/i.webp)",
    ],
    [
      `<img alt=i src="${BLANK}"><noscript><img alt=i src="/i.jpg"></noscript>`,
      "![i](https://mill.example/i.jpg)",
    ],
    [
      `<iframe title="Film" src="https://tube.example/embed/1"></iframe>`,
      "[Film](https://tube.example/embed/1)",
    ],
    [`<video><source src="/v.mp4"></video>`, "https://mill.example/v.mp4"],
  ])("%s", async (html, expected) => {
    expect(await whole(html)).toContain(expected);
  });

  test("a late image in the main content is absolute and stands once", async () => {
    const markdown = await inArticle(`<p><img alt=i src="${BLANK}" data-src="/i.jpg"></p>`);
    expect(markdown.match(/https:\/\/mill\.example\/i\.jpg/g)).toHaveLength(1);
  });
});

describe("the main content", () => {
  const oven = `<p>${"The baker of the upper village keeps the oven warm until late at night. ".repeat(6)}</p>`;

  test("has the paragraphs of an element that is named like something else", async () => {
    const list = `<div class="story-postlist">${oven}${oven}</div>`;
    const markdown = await inArticle(`${PARAGRAPH.repeat(3)}${list}`);
    expect(markdown.match(/The baker of/g)).toHaveLength(12);
  });

  test.each([
    ["<ul><li>Rye flour</li><li>Ten grams of salt</li></ul>", "- Rye flour\n- Ten grams of salt"],
    ["<ol><li>Knead</li><li>Bake</li></ol>", "1. Knead\n2. Bake"],
    ["<dl><dt>Oven</dt><dd>230 °C</dd></dl>", "230 °C"],
    ["<table><tr><th>a<th>b<tr><td>1<td><ul><li>Rye<li>Salt</ul></table>", "| 1 | Rye Salt |"],
  ])("has the short list %s", async (list, markdown) => {
    const page = `<p>The baker of the upper village keeps the oven warm.</p>${list}<p>He bakes until late at night.</p>`;
    expect(await inArticle(page)).toContain(markdown);
  });

  test("has no list of links to other pages", async () => {
    const links =
      '<ul><li><a href="/t/bread">Bread</a></li><li><a href="/t/oven">Oven</a></li></ul>';
    expect(await inArticle(`${oven}${links}`)).not.toContain("/t/bread");
  });

  test("has no such element that is mostly something else", async () => {
    const card = "<h3>Another story</h3><p>Told by others, in the upper village.</p>";
    const list = `<div class="story-postlist">${oven}${oven}${card.repeat(30)}</div>`;
    const markdown = await inArticle(`${PARAGRAPH.repeat(3)}${list}`);
    expect(markdown).not.toContain("Another story");
  });
});

describe("text that is not where the page shows it", () => {
  const STORY = PARAGRAPH.repeat(2);
  test.each([
    [
      "React",
      `<main><!--$?--><template id="B:0"></template><p>Loading…</p><!--/$--></main><div hidden id="S:0">${STORY}</div><script>$RC("B:0","S:0")</script>`,
    ],
    [
      "React with parts in parts",
      `<main><!--$?--><template id="B:0"></template><p>Loading…</p><!--/$--></main><div hidden id="S:0"><h2>Mill</h2><template id="P:1"></template><p>end</p></div><div hidden id="S:1">${STORY}</div><script>$RS("S:1","P:1");$RC("B:0","S:0")</script>`,
    ],
    [
      "React without its scripts",
      `<main><!--$?--><template id="B:1"></template>Loading…<!--/$--></main><div hidden id="S:1">${STORY}</div>`,
    ],
    [
      "Solid",
      `<main><template id="pl-0-1"></template><p>Loading…</p><!--pl-0-1--></main><template id="0-1">${STORY}</template><script>$df("0-1")</script>`,
    ],
    [
      "a shadow tree",
      `<mill-page><template shadowrootmode="open"><main><slot></slot></main></template>${STORY}</mill-page>`,
    ],
  ])("%s", async (_name, body) => {
    const html = `<!doctype html><title>Mill</title>${body}`;
    for (const mainContentOnly of [true, false]) {
      const page = await run({ html }, { mainContentOnly });
      expect(page.markdown.match(/grinds rye/g)).toHaveLength(10);
      expect(page.markdown).not.toContain("Loading");
      expect(page.isMainContent).toBe(mainContentOnly);
    }
  });

  test("a page that only says that it loads has no main content", async () => {
    const html = "<nav>Home</nav><main><article><p>Loading…</p></article></main>";
    expect(await run({ html })).toMatchObject({
      isMainContent: false,
      markdown: "Home\n\nLoading…",
    });
  });

  test("slots and their own content", async () => {
    const html =
      '<x-a><template shadowrootmode="open"><slot name="t">none</slot>: <slot>empty</slot></template><b slot="t">T</b></x-a>';
    expect(await whole(html)).toBe("**T**: empty");
  });
});

describe("pages as browsers read them", () => {
  test.each([
    ["a body tag in a script", '<script>write("<body>")</script><p>text', "text", null],
    ["a comment first", "<!-- saved -->\n<!doctype html><title>T</title><p>text", "text", "T"],
    ["unclosed tags", "<ul><li>a<li>b</ul><p>c<p>d", "- a\n- b\n\nc\n\nd", null],
    [
      "frames",
      "<title>F</title><frameset><frame src=a.html name=menu></frameset>",
      "[menu](https://mill.example/a.html)",
      "F",
    ],
  ])("%s", async (_name, html, markdown, title) => {
    const page = await run({ html, baseUrl: "https://mill.example/" }, { mainContentOnly: false });
    expect(page).toMatchObject({ markdown, title });
  });

  test.each(["div", "b", "blockquote", "table><tr><td", "ul><li"])(
    "5,000 nested <%s> take only seconds and keep the text",
    async (tag) => {
      const html = `${`<${tag}>`.repeat(5_000)}deep`;
      for (const mainContentOnly of [true, false]) {
        expect((await run({ html }, { mainContentOnly })).markdown).toContain("deep");
      }
    },
    30_000,
  );

  test("a page with too many elements is refused, and a long one is converted whole", async () => {
    await expect(run({ html: "<p>a".repeat(100_001) })).rejects.toThrow(
      "html has 100004 elements: it must have at most 100000",
    );
    const { output, trace } = await runPlugin(plugin, { input: { html: "<p>a".repeat(20_001) } });
    expect(output).toMatchObject({ isMainContent: false, wordCount: 20_001 });
    expect(trace.log[0]!.message).toContain("at most 20000");
  }, 60_000);

  test("a wrong address is refused with its field and value", async () => {
    for (const input of [{ html: "", baseUrl: "mill.example/a" }, { url: "ftp://mill.example/" }]) {
      await expect(run(input)).rejects.toThrow(
        /(?:baseUrl|url) is .*it must be a whole http or https/,
      );
    }
    await expect(run({ html: "x".repeat((10 << 20) + 1) })).rejects.toThrow("html has 10485761");
  });
});

describe("charsets", () => {
  const bytes = (text: string, encoding: BufferEncoding) => Buffer.from(text, encoding);
  test.each([
    ["none", "text/html", bytes("<p>Mühle", "latin1"), "Mühle"],
    ["none, but UTF-8", "text/html", bytes("<p>Mühle", "utf8"), "Mühle"],
    [
      "a mark of UTF-16",
      "text/html; charset=utf-8",
      bytes("\ufeff<p>Mühle 水", "utf16le"),
      "Mühle 水",
    ],
    ["utf-16 in a meta", "text/html", bytes('<meta charset="utf-16"><p>Mühle', "utf8"), "Mühle"],
    [
      "in a comment",
      "text/html",
      bytes('<!--<meta charset="koi8-r">--><meta charset="utf-8"><p>Mühle', "utf8"),
      "Mühle",
    ],
    [
      "in XML",
      "application/xhtml+xml",
      bytes('<?xml version="1.0" encoding="iso-8859-1"?><html><p>Mühle</p></html>', "latin1"),
      "Mühle",
    ],
    [
      "windows-1252",
      "text/html; charset=windows-1252",
      Buffer.from([0x3c, 0x70, 0x3e, 0x80, 0x99]),
      "€™",
    ],
    ["plain text", "text/plain", bytes("# a\n  b <i>", "utf8"), "```\n# a\n  b <i>\n```"],
  ])("%s", async (_name, type, body, markdown) => {
    const server = createServer((_request, response) => {
      response.setHeader("content-type", type);
      response.end(body);
    });
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      expect((await run({ url }, { mainContentOnly: false })).markdown).toBe(markdown);
    } finally {
      server.close();
    }
  });

  test("a download that fails names the URL and the cause", async () => {
    const server = createServer();
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await new Promise((closed) => {
      server.close(closed);
    });
    const error = (await run({ url }).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain(`url is "${url}": the page could not be downloaded: `);
    expect(error.message).toContain("ECONNREFUSED");
  });
});
