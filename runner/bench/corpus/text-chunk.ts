/** The score of text-chunk: the part of the chunks that end where a sentence or another part ends. */
import textChunk from "../../src/plugins/text-chunk/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { type CorpusText, TEXTS } from "./data/texts.ts";
import { printPercents, type Percent } from "./score.ts";

async function scoreText({ kind, options, parts }: CorpusText): Promise<Percent> {
  const ends = new Set<number>();
  let length = 0;
  for (const part of parts) ends.add((length += part.length));
  const { output } = await runPlugin(textChunk, { input: { text: parts.join("") }, options });
  const { chunks } = output as { chunks: { end: number }[] };
  const right = chunks.filter(({ end }) => ends.has(end)).length;
  return { name: kind, percent: (100 * right) / chunks.length };
}

const scores: Percent[] = [];
for (const text of TEXTS) scores.push(await scoreText(text));
printPercents("text-chunk", scores, { floor: 100 });
