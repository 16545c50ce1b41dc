import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { FORMATS, type Format, looksLikeMarkdown } from "./blocks.ts";
import { loadAbbreviations } from "./abbreviations.ts";
import { chunkText } from "./chunk-text.ts";
import { loadTokenizer, TOKENIZERS } from "./tokenizer.ts";

// npm does not install this library with the package. Without it, the catalog shows the plugin as broken.
import.meta.resolve("gpt-tokenizer");

/** The default overlap, in chunks that are long enough. */
const MAX_OVERLAP = 50;

const Input = z
  .object({
    text: z.string().optional().describe("The text to split."),
    markdown: z
      .string()
      .optional()
      .describe(
        "The text to split if `text` is not set. It matches the output of html-to-markdown.",
      ),
  })
  .refine(({ text, markdown }) => text !== undefined || markdown !== undefined, {
    error: "text or markdown is required, but the input has none",
  })
  .describe("Other fields are ignored, so that the output of another plugin can be the input.");

const Options = z
  .strictObject({
    by: z
      .enum(["sentences", "tokens"])
      .default("sentences")
      .describe(
        "`sentences`: each chunk contains as many whole sentences as fit. `tokens`: each chunk contains as many whole words as fit.",
      ),
    maxTokens: z
      .int()
      .min(8)
      .max(8_192)
      .default(400)
      .describe("The maximum number of tokens in a chunk."),
    overlapTokens: z
      .int()
      .min(0)
      .optional()
      .describe(
        "How many tokens of the end of a chunk the next chunk repeats, rounded down to whole sentences, or to whole words if the last sentence is longer. Must be below `maxTokens`. Without it: an eighth of `maxTokens`, at most 50.",
      ),
    format: z
      .enum(FORMATS)
      .default("auto")
      .describe(
        "What the text is, if it is split by sentences. `text`: paragraphs and lists; the end of a line does not end a sentence. `markdown`: also, a heading stays with the text below it, and code and tables are cut only between lines. `code`: chunks begin with a line that is not indented, after a blank line. `auto`: Markdown if the input is `markdown`, or if the text has a heading or a code fence.",
      ),
    tokenizer: z
      .enum(TOKENIZERS)
      .default("cl100k_base")
      .describe(
        "The tokenizer that counts the tokens. `cl100k_base`: OpenAI's embedding models and GPT-4. `o200k_base`: GPT-4o and later.",
      ),
    language: z
      .string()
      .default("en")
      .describe(
        "The language of the text as a BCP 47 tag. It determines where sentences end, and which abbreviations do not end one.",
      ),
  })
  .superRefine(({ maxTokens, overlapTokens }, check) => {
    if (overlapTokens === undefined || overlapTokens < maxTokens) return;
    check.addIssue({
      code: "custom",
      path: ["overlapTokens"],
      message: `overlapTokens is ${overlapTokens}: it must be below maxTokens, which is ${maxTokens}`,
    });
  });

const Output = z.object({
  count: z.int().describe("Number of chunks. 0 for an empty text."),
  chunks: z
    .array(
      z.object({
        index: z.int().describe("Position of the chunk, counted from 0."),
        text: z
          .string()
          .describe(
            "The text of the chunk: exactly the characters of the input from `start` to `end`.",
          ),
        start: z
          .int()
          .describe(
            "Start position in the input, in UTF-16 code units (like JavaScript's `slice`).",
          ),
        end: z.int().describe("End position in the input, exclusive."),
        tokens: z.int().describe("Number of tokens in the chunk."),
      }),
    )
    .describe("The chunks in text order. Together they cover the whole text."),
});

export default definePlugin({
  name: "text-chunk",
  version: "1.1.0",
  description:
    "Splits long text into overlapping chunks for embedding, by sentences or words, with a maximum number of tokens per chunk. `processedItems` counts chunks.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      text: "Playground runs plugins. Each runs in a thread. Webhooks report each event.",
    },
    options: { by: "sentences", maxTokens: 12, overlapTokens: 6 },
  },
  async run(input, ctx) {
    const text = input.text ?? input.markdown ?? "";
    const { by, maxTokens, tokenizer, language } = ctx.options;
    const overlapTokens = ctx.options.overlapTokens ?? Math.min(MAX_OVERLAP, maxTokens >> 3);
    const locale = toLocale(language);
    const format = formatOf(ctx.options.format, input);
    const countTokens = await loadTokenizer(tokenizer);
    const chunks = [];
    const continues = loadAbbreviations(locale);
    const rules = { by, format, maxTokens, overlapTokens, locale, continues, countTokens };
    for (const chunk of chunkText(text, rules)) {
      chunks.push({ index: chunks.length, ...chunk });
      ctx.metrics.add("processedItems", 1);
      ctx.progress(chunk.end / text.length, `${chunks.length} chunks`);
      // An abort can arrive between chunks.
      await setImmediate();
      ctx.signal.throwIfAborted();
    }
    return { count: chunks.length, chunks };
  },
});

function formatOf(
  format: (typeof FORMATS)[number],
  input: { text?: string | undefined; markdown?: string | undefined },
): Format {
  if (format !== "auto") return format;
  return input.text === undefined || looksLikeMarkdown(input.text) ? "markdown" : "text";
}

function toLocale(language: string): Intl.Locale {
  try {
    return new Intl.Locale(language);
  } catch (error) {
    throw new Error(
      `options.language is ${JSON.stringify(language)}: it must be a language tag such as "en" or "pt-BR"`,
      { cause: error },
    );
  }
}
