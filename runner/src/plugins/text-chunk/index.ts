import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { chunkText } from "./chunk-text.ts";
import { loadTokenizer, TOKENIZERS } from "./tokenizer.ts";

const Input = z
  .object({
    text: z.string().optional().describe("The text to split."),
    markdown: z
      .string()
      .optional()
      .describe("The text to split, where there is no `text`: what html-to-markdown gives."),
  })
  .refine(({ text, markdown }) => text !== undefined || markdown !== undefined, {
    error: "give text, or markdown",
  })
  .describe("Other fields are ignored, so that another plugin's output fits.");

const Options = z
  .strictObject({
    by: z
      .enum(["sentences", "tokens"])
      .default("sentences")
      .describe(
        "`sentences`: a chunk holds whole sentences, as many as fit. `tokens`: a chunk holds as many whole words as fit.",
      ),
    maxTokens: z
      .int()
      .min(8)
      .max(8_192)
      .default(400)
      .describe("No chunk has more tokens than this."),
    overlapTokens: z
      .int()
      .min(0)
      .default(50)
      .describe(
        "How much of a chunk's end the next one repeats: the sentences or words that fit into so many tokens. Below maxTokens.",
      ),
    tokenizer: z
      .enum(TOKENIZERS)
      .default("cl100k_base")
      .describe(
        "How tokens are counted. `cl100k_base`: OpenAI's embedding models and GPT-4. `o200k_base`: GPT-4o and later.",
      ),
    language: z
      .string()
      .default("en")
      .describe("The text's language (BCP 47), which tells where sentences end."),
  })
  .refine(({ maxTokens, overlapTokens }) => overlapTokens < maxTokens, {
    error: "overlapTokens must be below maxTokens",
    path: ["overlapTokens"],
  });

const Output = z.object({
  count: z.int().describe("How many chunks there are; 0 for an empty text."),
  chunks: z
    .array(
      z.object({
        index: z.int().describe("The chunk's number, from 0."),
        text: z.string().describe("The chunk: exactly the input's characters from start to end."),
        start: z
          .int()
          .describe("Where it begins in the input, in UTF-16 units as `slice` counts them."),
        end: z.int().describe("Where it ends: the position after its last unit."),
        tokens: z.int().describe("How many tokens it has."),
      }),
    )
    .describe("In the text's order. Together they cover all of it."),
});

export default definePlugin({
  name: "text-chunk",
  version: "1.0.0",
  description:
    "Splits long text into overlapping chunks for embedding, by sentences or by words, with no chunk over a number of tokens. `processedItems` counts chunks.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      text: "Playground runs plugins. Each runs in a thread. What happens is told by webhook.",
    },
    options: { by: "sentences", maxTokens: 12, overlapTokens: 6 },
  },
  async run(input, ctx) {
    const text = input.text ?? input.markdown ?? "";
    const { by, maxTokens, overlapTokens, tokenizer, language } = ctx.options;
    const countTokens = await loadTokenizer(tokenizer);
    const chunks = [];
    const rules = { by, maxTokens, overlapTokens, locale: toLocale(language), countTokens };
    for (const chunk of chunkText(text, rules)) {
      chunks.push({ index: chunks.length, ...chunk });
      ctx.metrics.add("processedItems", 1);
      ctx.progress(chunk.end / text.length, `${chunks.length} chunks`);
      // Lets an abort arrive between chunks.
      await setImmediate();
      ctx.signal.throwIfAborted();
    }
    return { count: chunks.length, chunks };
  },
});

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
