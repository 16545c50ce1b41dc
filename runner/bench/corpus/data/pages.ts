/** Pages of the kinds in the fixtures of Readability and Defuddle, with texts of our own. */
export interface CorpusPage {
  readonly kind: string;
  readonly html: string;
  /** What the Markdown contains, as written here. */
  readonly contains: readonly string[];
  /** What it does not contain. */
  readonly lacks: readonly string[];
}

const SUBJECTS = ["The miller", "A baker", "Her brother", "The old ferry", "Every guild", "Rain"];
const VERBS = ["carries", "weighs", "forgets", "repairs", "sells", "measures"];
const OBJECTS = ["sacks of rye", "the copper scale", "two loaves", "a wooden wheel", "river sand"];
const ENDS = ["before noon", "in silence", "for the market", "without hurry", "every winter"];

/** Returns a paragraph that no other number gives. */
export function paragraph(number: number): string {
  const pick = (list: readonly string[], at: number) => list[at % list.length]!;
  return Array.from({ length: 5 }, (_, at) => {
    const seed = number * 7 + at * 3;
    const place = `house ${number}${at}`;
    return `${pick(SUBJECTS, seed)} of ${place} ${pick(VERBS, seed + at)} ${pick(OBJECTS, seed + 1)}, ${pick(ENDS, seed + 2)}.`;
  }).join(" ");
}

const TEXTS = [1, 2, 3, 4].map((number) => paragraph(number));
const BODY = TEXTS.map((text) => `<p>${text}</p>`);
const NAVIGATION =
  '<nav><ul><li><a href="/a">Harbour news</a><li><a href="/b">Tides</a></ul></nav>';
const ADVERT = '<div class="advertisement sponsored">Buy a mill today</div>';
const RELATED =
  '<aside class="sidebar related"><h3>More stories</h3><ul><li><a href="/1">Ten boats</a><li><a href="/2">Nine oars</a></ul></aside>';
const FOOTER = '<footer><p>Copyright of the harbour</p><a href="/terms">Terms of use</a></footer>';
const CHROME = ["Harbour news", "Buy a mill", "Ten boats", "Copyright of the harbour"];

function page(kind: string, main: string, contains: readonly string[] = []): CorpusPage {
  const html = `<!doctype html><html lang="en"><head><title>Mills of the river</title></head><body>${NAVIGATION}${ADVERT}${main}${RELATED}${FOOTER}</body></html>`;
  return { kind, html, contains: [...TEXTS, ...contains], lacks: CHROME };
}

function inserted(html: string): string {
  return `<article><h1>Mills of the river</h1>${BODY.slice(0, 2).join("")}${html}${BODY.slice(2).join("")}</article>`;
}

export const PAGES: readonly CorpusPage[] = [
  page("article", inserted("")),
  page("div soup", `<div id="wrap"><div class="post-body">${BODY.join("")}</div></div>`),
  page("breaks for paragraphs", `<div class="story">${TEXTS.join("<br><br>")}</div>`),
  page(
    "layout table",
    `<table width="900"><tr><td width="200"></td><td>${BODY.join("")}</td></tr></table>`,
  ),
  page("headings", inserted("<h2>Wheels</h2><h3>Oak</h3>"), ["## Wheels", "### Oak"]),
  page("code", inserted('<pre><code class="language-go">a()<br>b()</code></pre>'), [
    "```go\na()\nb()\n```",
  ]),
  page(
    "code with a date",
    inserted(
      '<figure data-x><pre data-language="yaml"><code>on: 2024-05-01\nby: me</code></pre></figure>',
    ),
    ["```yaml\non: 2024-05-01\nby: me\n```"],
  ),
  page(
    "numbered code",
    inserted(
      '<table class="highlighttable"><tr><td class="linenos"><pre>1\n2</pre><td><pre>if x:\n  y</pre></table>',
    ),
    ["```\nif x:\n  y\n```"],
  ),
  page(
    "data table",
    inserted(
      "<table><caption>Grain</caption><tr><th>Kind<th>Sacks<tr><td rowspan=2>Rye<td>12<tr><td>7</table>",
    ),
    ["| Kind | Sacks |\n| --- | --- |\n| Rye | 12 |\n| | 7 |"],
  ),
  page("formula", inserted('<p>So <script type="math/tex">w_1^2</script> holds for wheels.</p>'), [
    "So $w_1^2$ holds",
  ]),
  page(
    "late image",
    inserted(
      '<p><img alt="wheel" width="600" src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" data-src="https://river.example/w.jpg"></p>',
    ),
    ["![wheel](https://river.example/w.jpg)"],
  ),
  page(
    "quote and list",
    inserted("<blockquote><p>Slow stones</p></blockquote><ul><li>one<li>two</ul>"),
    ["> Slow stones", "- one\n- two"],
  ),
  page("tags in the text", inserted("<p>Write &lt;mill&gt; for it, not &lt;b&gt;.</p>"), [
    "Write \\<mill> for it, not \\<b>.",
  ]),
  page(
    "streamed",
    `<main><!--$?--><template id="B:0"></template><p>Loading…</p><!--/$--></main><div hidden id="S:0">${inserted("")}</div><script>$RC("B:0","S:0")</script>`,
  ),
  page(
    "shadow tree",
    `<x-story><template shadowrootmode="open">${inserted("")}</template></x-story>`,
  ),
  page(
    "names of clutter",
    `<section class="comment-free share-story"><div class="meta">${BODY.join("")}</div></section>`,
  ),
];
