export const TOKENIZERS = ["cl100k_base", "o200k_base"] as const;
export type Tokenizer = (typeof TOKENIZERS)[number];
export type CountTokens = (text: string) => number;

/** Loads one vocabulary. This takes 0.1 to 0.2 s and 40 to 80 MB, once per thread. */
export async function loadTokenizer(name: Tokenizer): Promise<CountTokens> {
  const { countTokens } = await load(name);
  // <|endoftext|> and the like are plain text here, not commands to a model.
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => countTokens(text, asText);
}

async function load(name: Tokenizer) {
  switch (name) {
    case "cl100k_base":
      return import("gpt-tokenizer/encoding/cl100k_base");
    case "o200k_base":
      return import("gpt-tokenizer/encoding/o200k_base");
  }
}
