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
  format?: string;
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
      "我们走到市场，买水果。",
      "สวนสาธารณะใกล้บ้าน",
      "ភាសាខ្មែរ",
      "# Heading\n",
      "```\ncode\n\n  more\n```\n",
      "| a | b |\n",
      "- item\n",
      "\r",
      "é",
      "<|endoftext|>",
    ),
    fc.lorem({ mode: "sentences", maxCount: 3 }),
    fc.integer({ min: 1, max: 300 }).map((length) => "x".repeat(length)),
  );
  const texts = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));

  test.each([
    { by: "sentences", format: "text" },
    { by: "sentences", format: "markdown" },
    { by: "sentences", format: "code" },
    { by: "tokens", format: "text" },
  ] as const)(
    "$by, $format: chunks cover the text, respect the limit and the overlap, and split no grapheme",
    async (mode) => {
      const limits = fc.tuple(fc.integer({ min: 32, max: 80 }), fc.integer({ min: 0, max: 30 }));
      await fc.assert(
        fc.asyncProperty(texts, limits, async (text, [maxTokens, overlapTokens]) => {
          const options = { maxTokens, overlapTokens };
          expectValidChunks(text, await chunk(text, { ...mode, ...options }), options);
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

describe("real texts", () => {
  const own = async (text: string, options: Options) =>
    (await chunk(text, { overlapTokens: 0, ...options })).map((part) => part.text);

  test("the end of a line ends no sentence", async () => {
    const text =
      "The baker gets up at three in the morning\nand lights the oven. The bread is ready when\nthe town wakes up.\r\n\r\nIt is eaten\r\nby nine.\n";
    expect(await own(text, { maxTokens: 16 })).toEqual([
      "The baker gets up at three in the morning\nand lights the oven. ",
      "The bread is ready when\nthe town wakes up.\r\n\r\n",
      "It is eaten\r\nby nine.\n",
    ]);
  });

  test("items of a list are cut between items", async () => {
    const text = "Buy:\n- ten kilos of rye flour\n- two kilos of salt\n- a bag of seeds\n";
    expect(await own(text, { maxTokens: 10 })).toEqual([
      "Buy:\n",
      "- ten kilos of rye flour\n",
      "- two kilos of salt\n",
      "- a bag of seeds\n",
    ]);
  });

  test.each([
    ["en", "He met Dr. Ada M. Byron in St. Ives. She left."],
    ["en", "See Fig. 3 by Smith et al. Anna agrees, e. g. Mr. Lee vs. Mrs. Lee."],
    ["de", "Sie kam am 3. Mai, z. B. mit Prof. Weiß."],
  ])("abbreviations end no sentence (%s: %s)", async (language, text) => {
    for (const part of await own(text, { language, maxTokens: 12 })) {
      expect(part).not.toMatch(/\b(?:Dr|M|St|Fig|al|e|g|Mr|vs|Mrs|3|z|B|Prof)\.\s*$/);
    }
  });

  test.each([
    ["zh", "面包师每天凌晨三点起床，点燃烤炉，揉好面团，然后等待天亮。".repeat(12)],
    ["ja", "パン屋は毎朝三時に起きて、窯に火を入れ、生地をこねる。".repeat(12)],
    ["th", "คนทำขนมปังตื่นนอนตอนตีสามทุกเช้าและจุดไฟเตาอบ".repeat(12)],
  ])("chunks overlap and are cut between words (%s)", async (language, text) => {
    const words = new Set([text.length]);
    const segmenter = new Intl.Segmenter(language, { granularity: "word" });
    for (const { index } of segmenter.segment(text)) words.add(index);
    for (const by of ["tokens", "sentences"] as const) {
      const chunks = await chunk(text, { by, language, maxTokens: 120, overlapTokens: 30 });
      expect(chunks.length).toBeGreaterThan(2);
      for (const [index, { start, end }] of chunks.entries()) {
        expect([words.has(start), words.has(end)]).toEqual([true, true]);
        if (index === 0) continue;
        expect(countTokens(text.slice(start, chunks[index - 1]!.end))).toBeGreaterThan(12);
      }
    }
  });

  test("a sentence over the overlap repeats its last words", async () => {
    const text = `${"rye ".repeat(30)}end. ${"wheat ".repeat(30)}end.`;
    const chunks = await chunk(text, { maxTokens: 40, overlapTokens: 10 });
    expect(chunks[1]!.start).toBeLessThan(chunks[0]!.end);
    expect(chunks[1]!.text).toMatch(/^ ?rye .*end\. wheat/);
  });

  test("a heading stays with the text below it, even if only a part of it fits", async () => {
    const text =
      "# Bread\n\nIt is baked.\n\n## Rye\n\nRye bread is dark and keeps for a week, if it is kept in a cloth and not in a bag.\n\nOven\n----\n\nHot.\n";
    for (const maxTokens of [20, 24, 30]) {
      for (const part of await own(text, { maxTokens })) {
        expect(part).not.toMatch(/(?:# \w+|----)\s*$/);
      }
    }
  });

  test("code in Markdown is cut only between its lines, and tables between rows", async () => {
    const code = "```js\nconst a = 1;\n\nconst b = 2. ;\nconst c = 3;\n```\n";
    const table = "| a | b |\n| --- | --- |\n| One. Two. | 3 |\n| Four. Five. | 6 |\n";
    const parts = await own(`Text.\n\n${code}\n${table}`, { maxTokens: 14 });
    expect(parts.every((part) => part.endsWith("\n"))).toBe(true);
    expect(await own(`Text.\n\n${code}`, { maxTokens: 40 })).toHaveLength(1);
  });

  test("code is cut before a line that is not indented", async () => {
    const source = (name: string) => `def ${name}():\n    a = 1\n\n    return a + 2\n\n`;
    const parts = await own(source("one") + source("two"), { format: "code", maxTokens: 20 });
    expect(parts).toEqual([source("one"), source("two")]);
  });

  test("the default overlap is an eighth of the limit, at most 50 tokens", async () => {
    const text = "rye wheat oats ".repeat(600);
    for (const [maxTokens, most] of [
      [32, 4],
      [200, 25],
      [800, 50],
    ] as const) {
      const [first, second] = await chunk(text, { by: "tokens", maxTokens });
      const repeated = countTokens(text.slice(second!.start, first!.end));
      expect(repeated).toBeLessThanOrEqual(most);
      expect(repeated).toBeGreaterThan(most / 2);
    }
  });
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
  const words = ["x".repeat(200_000), "a. ".repeat(20_000), "面包".repeat(50_000)];
  for (const word of [...words, "- a\n".repeat(20_000), "# a\n".repeat(20_000)]) {
    expect((await chunk(word, {})).at(-1)!.end).toBe(word.length);
  }
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
  [
    { input: { text: "a" }, options: { maxTokens: 10, overlapTokens: 11 } },
    "overlapTokens is 11: it must be below maxTokens, which is 10",
  ],
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
