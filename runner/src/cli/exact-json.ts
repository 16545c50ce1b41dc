import { parseExactNumbers } from "../http/exact-numbers.ts";

/** As the daemon parses a request: each number is written again as it was read. Throws a SyntaxError. */
export async function parseExactJson(content: string): Promise<unknown> {
  JSON.parse(content);
  const body = `{"input":${content}}`;
  return ((await parseExactNumbers(body, JSON.parse(body))) as { input: unknown }).input;
}

/** Indented, with every number as it is in the text. */
export async function indentJson(text: string): Promise<string> {
  return JSON.stringify(await parseExactJson(text), null, 2);
}
