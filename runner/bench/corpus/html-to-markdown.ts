/** The score of html-to-markdown over pages of the kinds in bug reports. */
import htmlToMarkdown from "../../src/plugins/html-to-markdown/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { type CorpusPage, PAGES } from "./data/pages.ts";
import { printPercents, type Percent } from "./score.ts";

/** The part of what is expected that is in the Markdown, and of what is not that is missing. */
async function scorePage({ kind, html, contains, lacks }: CorpusPage): Promise<Percent> {
  const { output } = await runPlugin(htmlToMarkdown, { input: { html } });
  const { markdown, isMainContent } = output as { markdown: string; isMainContent: boolean };
  const text = markdown.replaceAll(/ +(?=\|)/g, " ");
  const found = contains.filter((part) => text.includes(part)).length;
  const removed = lacks.filter((part) => !text.includes(part)).length;
  const all = contains.length + lacks.length + 1;
  return { name: kind, percent: (100 * (found + removed + Number(isMainContent))) / all };
}

const scores: Percent[] = [];
for (const page of PAGES) scores.push(await scorePage(page));
// The score of November 2026. Defuddle removes text with class names like "share".
printPercents("html-to-markdown", scores, { floor: 96 });
