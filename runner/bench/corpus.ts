/**
 * `node runner/bench/corpus.ts` scores html-to-markdown and text-chunk over pages and texts of the
 * kinds in bug reports. It prints a table, and exits with 1 if a score is below its floor.
 */
import { runPlugin } from "../test/support/plugin-context.ts";
import htmlToMarkdown from "../src/plugins/html-to-markdown/index.ts";
import textChunk from "../src/plugins/text-chunk/index.ts";
import { type CorpusPage, PAGES } from "./corpus/pages.ts";
import { type CorpusText, TEXTS } from "./corpus/texts.ts";

/** The scores of November 2026, in percent. Defuddle removes text with class names like "share". */
const FLOORS = { "html-to-markdown": 96, "text-chunk": 100 } as const;

interface Score {
  readonly plugin: keyof typeof FLOORS;
  readonly kind: string;
  readonly percent: number;
  readonly ms: number;
}

/** The part of what is expected that is in the Markdown, and of what is not that is missing. */
async function scorePage({ kind, html, contains, lacks }: CorpusPage): Promise<Score> {
  const started = performance.now();
  const { output } = await runPlugin(htmlToMarkdown, { input: { html } });
  const ms = performance.now() - started;
  const { markdown, isMainContent } = output as { markdown: string; isMainContent: boolean };
  const text = markdown.replaceAll(/ +(?=\|)/g, " ");
  const found = contains.filter((part) => text.includes(part)).length;
  const removed = lacks.filter((part) => !text.includes(part)).length;
  const all = contains.length + lacks.length + 1;
  const percent = (100 * (found + removed + Number(isMainContent))) / all;
  return { plugin: "html-to-markdown", kind, percent, ms };
}

/** The part of the chunks that end where a sentence or another part ends. */
async function scoreText({ kind, options, parts }: CorpusText): Promise<Score> {
  const ends = new Set<number>();
  let length = 0;
  for (const part of parts) ends.add((length += part.length));
  const started = performance.now();
  const { output } = await runPlugin(textChunk, { input: { text: parts.join("") }, options });
  const ms = performance.now() - started;
  const { chunks } = output as { chunks: { end: number }[] };
  const right = chunks.filter(({ end }) => ends.has(end)).length;
  return { plugin: "text-chunk", kind, percent: (100 * right) / chunks.length, ms };
}

const scores: Score[] = [];
for (const page of PAGES) scores.push(await scorePage(page));
for (const text of TEXTS) scores.push(await scoreText(text));

for (const plugin of Object.keys(FLOORS) as (keyof typeof FLOORS)[]) {
  const own = scores.filter((score) => score.plugin === plugin);
  for (const { kind, percent, ms } of own) {
    console.log(
      `${plugin}  ${kind.padEnd(22)} ${percent.toFixed(1).padStart(6)} % ${ms.toFixed(0).padStart(5)} ms`,
    );
  }
  const mean = own.reduce((sum, { percent }) => sum + percent, 0) / own.length;
  console.log(
    `${plugin}  ${"mean".padEnd(22)} ${mean.toFixed(1).padStart(6)} %, at least ${FLOORS[plugin]}\n`,
  );
  if (mean < FLOORS[plugin]) process.exitCode = 1;
}
