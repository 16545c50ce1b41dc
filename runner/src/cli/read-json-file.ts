import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { BadSetting } from "../config.ts";
import { parseExactJson } from "./exact-json.ts";

/** What a flag's file contains, or without the flag something else. `-` is standard input. */
export async function readJsonFile(
  flag: string,
  file: string | undefined,
  otherwise: () => unknown,
): Promise<unknown> {
  if (file === undefined) return otherwise();
  try {
    const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
    return await parseExactJson(content);
  } catch (error) {
    throw new BadSetting(`${flag} is "${file}": ${(error as Error).message}`, { cause: error });
  }
}
