import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { BadSetting } from "../../config.ts";
import { setSecret as route } from "../../http/contract/secrets.ts";
import type { Given } from "../command-contract.ts";
import type { setSecret as contract } from "../contract/secrets.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { readHiddenLine } from "../read-hidden-line.ts";
import { connect } from "../remote/connect.ts";

const INTERRUPTED = 130;

export async function setSecret(given: Given<typeof contract>): Promise<number> {
  const { NAME: name } = given.arguments;
  const { "value-file": valueFile, json } = given.flags;
  const isTyped = valueFile === undefined && process.stdin.isTTY;
  const value = isTyped ? await readTyped(name) : await readValue(valueFile);
  if (value === null) return INTERRUPTED;
  const client = await connect(given);
  const output = openOutput();
  const answer = await client.call(route, { params: { name }, body: { value } });
  if (json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  output.print(`Set ${name}.`);
  const { variable } = answer.body();
  if (variable !== null) {
    output.note(`The daemon does not use it, because it has the variable ${variable}.`);
  }
  return 0;
}

/** Null if Ctrl+C or Ctrl+D ended it. Throws `BadSetting` as `readValue` does. */
async function readTyped(name: string): Promise<string | null> {
  const line = await readHiddenLine(`The value of ${name}, which is not shown as you type: `);
  if (line !== "") return line;
  throw new BadSetting("Nothing was typed: the secret needs a value.");
}

/** Throws `BadSetting` if there is none, before anything is sent. */
async function readValue(file: string | undefined): Promise<string> {
  const bytes = file === undefined ? await buffer(process.stdin) : await readValueFile(file);
  const where = file === undefined ? "Standard input" : `--value-file is "${file}", which`;
  if (!isUtf8(bytes)) throw new BadSetting(`${where} is not UTF-8 text.`);
  // That of an editor or of `echo`.
  const value = bytes.toString("utf8").replace(/\r?\n$/, "");
  if (value !== "") return value;
  throw new BadSetting(`${where} is empty: it must contain the value of the secret.`);
}

async function readValueFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new BadSetting(
      `--value-file is "${file}": it must be a file that can be read (${(error as Error).message}).`,
      { cause: error },
    );
  }
}
