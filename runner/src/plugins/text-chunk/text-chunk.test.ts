import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { UNDERSCORE } from "../../../test/support/real-files.ts";
import type { Chunk } from "./chunk-text.ts";
import plugin from "./index.ts";
import { loadTokenizer } from "./tokenizer.ts";

const README = readFileSync(join(UNDERSCORE, "README.md"), "utf8");
const PAGE = readFileSync(join(UNDERSCORE, "index.html"), "utf8");
const countTokens = await loadTokenizer("cl100k_base");

interface Options {
  by?: "sentences" | "tokens";
  maxTokens?: number;
  overlapTokens?: number;
  language?: string;
  tokenizer?: string;
}

async function chunk(text: string, options: Options): Promise<Chunk[]> {
  const { output } = await runPlugin(plugin, { input: { text }, options });
  return (output as { chunks: Chunk[] }).chunks;
}

/** Checks the rules that apply to the chunks of any text. */
function expectValidChunks(
  text: string,
  chunks: readonly Chunk[],
  options: Required<Pick<Options, "maxTokens" | "overlapTokens">>,
) {
  const cuts = new Set([text.length]);
  for (const { index } of new Intl.Segmenter().segment(text)) cuts.add(index);
  let covered = 0;
  for (const [index, { start, end, text: own, tokens }] of chunks.entries()) {
    expect(own).toBe(text.slice(start, end));
    expect(tokens).toBe(countTokens(own));
    expect(tokens).toBeLessThanOrEqual(options.maxTokens);
    expect(start).toBeLessThanOrEqual(covered);
    expect(end).toBeGreaterThan(covered);
    expect([cuts.has(start), cuts.has(end)]).toEqual([true, true]);
    if (index > 0) {
      expect(countTokens(text.slice(start, covered))).toBeLessThanOrEqual(options.overlapTokens);
    }
    covered = end;
  }
  expect(covered).toBe(text.length);
}

describe("any text", () => {
  const part = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.constantFrom(
      " ",
      "\n",
      "\r\n",
      "\n\n",
      "word ",
      "Dr. Who? No. ",
      "👨‍👩‍👧‍👦",
      "🇩🇪🇫🇷",
      "日本語",
      "é",
      "<|endoftext|>",
    ),
    fc.lorem({ mode: "sentences", maxCount: 3 }),
    fc.integer({ min: 1, max: 300 }).map((length) => "x".repeat(length)),
  );
  const texts = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));

  test.each(["sentences", "tokens"] as const)(
    "by %s: chunks cover the text, respect the limit and the overlap, and split no grapheme",
    async (by) => {
      const limits = fc.tuple(fc.integer({ min: 32, max: 80 }), fc.integer({ min: 0, max: 30 }));
      await fc.assert(
        fc.asyncProperty(texts, limits, async (text, [maxTokens, overlapTokens]) => {
          const options = { maxTokens, overlapTokens };
          expectValidChunks(text, await chunk(text, { by, ...options }), options);
        }),
        { numRuns: 150 },
      );
    },
    30_000,
  );
});

describe("a real page of 90 KB", () => {
  test.each(["sentences", "tokens"] as const)("by %s", async (by) => {
    const options = { maxTokens: 200, overlapTokens: 40 };
    const chunks = await chunk(PAGE, { by, ...options });
    expectValidChunks(PAGE, chunks, options);
    const total = countTokens(PAGE);
    // The text that is not repeated fills most of each chunk.
    expect(chunks.length).toBeLessThan((total / (200 - 40)) * 1.3);
  });

  test("by tokens, each chunk repeats almost the whole overlap", async () => {
    const chunks = await chunk(PAGE, { by: "tokens", maxTokens: 200, overlapTokens: 40 });
    const repeated = chunks
      .slice(1)
      .map(({ start }, index) => countTokens(PAGE.slice(start, chunks[index]!.end)));
    expect(Math.min(...repeated)).toBeGreaterThan(15);
    expect(repeated.reduce((a, b) => a + b) / repeated.length).toBeGreaterThan(34);
  });

  test("the option tokenizer selects the other tokenizer", async () => {
    const o200k = await loadTokenizer("o200k_base");
    const [first] = await chunk(PAGE, { tokenizer: "o200k_base", maxTokens: 200 });
    expect(first!.tokens).toBe(o200k(first!.text));
  });
});

test("by sentences, a sentence that fits is never split", async () => {
  const sentences = [
    "The first one. ",
    "Is this the second? ",
    "Yes! ",
    "And a fourth, longer one.",
  ];
  const chunks = await chunk(sentences.join(""), { maxTokens: 12, overlapTokens: 0 });
  expect(chunks.map(({ text }) => text)).toEqual([
    "The first one. Is this the second? Yes! ",
    "And a fourth, longer one.",
  ]);
});

test("the overlap repeats whole sentences", async () => {
  const chunks = await chunk("One is here. Two is here. Three is here. Four is here.", {
    maxTokens: 9,
    overlapTokens: 5,
  });
  expect(chunks.map(({ text }) => text)).toEqual([
    "One is here. Two is here. ",
    "Two is here. Three is here. ",
    "Three is here. Four is here.",
  ]);
});

test("an empty text has no chunks, and a short one has one", async () => {
  expect(await chunk("", {})).toEqual([]);
  expect(await chunk("Hi.", {})).toMatchObject([{ text: "Hi.", start: 0, end: 3 }]);
});

test("a megabyte in one line, or a long text in one word, takes only seconds", async () => {
  const line = README.replaceAll(/\s+/g, " ").repeat(Math.ceil(1_000_000 / README.length));
  expect((await chunk(line, {})).at(-1)!.end).toBe(line.length);
  const word = "x".repeat(200_000);
  expect((await chunk(word, {})).at(-1)!.end).toBe(word.length);
}, 30_000);

test("the output of html-to-markdown is a valid input", async () => {
  const input = { title: "t", markdown: README, wordCount: 1 };
  const { output, trace } = await runPlugin(plugin, { input });
  const { count, chunks } = output as { count: number; chunks: Chunk[] };
  expect(chunks.at(-1)!.end).toBe(README.length);
  expect(trace.metrics["processedItems"]).toBe(count);
  expect(trace.progress.at(-1)!.fraction).toBe(1);
});

test.each([
  [{ input: {} }, "text or markdown is required"],
  [{ input: { text: "a" }, options: { maxTokens: 10, overlapTokens: 10 } }, "below maxTokens"],
  [{ input: { text: "a" }, options: { language: "!" } }, 'language is "!"'],
])("%j is refused", async (run, message) => {
  await expect(runPlugin(plugin, run)).rejects.toThrow(message);
});

test("an abort stops the run", async () => {
  const run = runPlugin(plugin, { input: { text: PAGE }, signal: AbortSignal.abort() });
  await expect(run).rejects.toThrow(/abort/i);
});

test("the plugin's own example works", async () => {
  const { output } = await runPlugin(plugin, plugin.example!);
  expect((output as { count: number }).count).toBe(2);
});
