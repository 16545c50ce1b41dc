/** Adds, lists and removes tokens of the API. A running daemon notices the change. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { cannotUseDataDir } from "../startup/cannot-start.ts";
import { BadSetting, toEnvName, type Settings } from "../config.ts";
import { Refused } from "../domain/errors.ts";
import { FileBusy } from "../secrets/replace-file.ts";
import { createTokenFile, TokenName, tokenFilePath } from "../secrets/token-file.ts";
import { createTokenList } from "../secrets/token-list.ts";
import type { Given } from "./command-contract.ts";
import type * as contract from "./contract/tokens.ts";
import { openOutput } from "./output.ts";

const OWNER_ONLY = 0o700;

export async function addToken(given: Given<typeof contract.addToken>): Promise<number> {
  const { scope } = given.flags;
  const name = checkName("add", given.arguments.NAME);
  const settings = settingsOf(given);
  const dataDir = await dataDirOf(settings);
  const createdAt = new Date().toISOString();
  const token = await change(settings, () =>
    createTokenList(createTokenFile(dataDir)).add({ name, scope, createdAt }),
  );
  process.stderr.write(
    `Added token "${name}" (${scope}) to ${tokenFilePath(dataDir)}. The token is not stored and is shown only this once:\n`,
  );
  process.stdout.write(`${token}\n`);
  return 0;
}

export async function listTokens(given: Given<typeof contract.listTokens>): Promise<number> {
  const settings = settingsOf(given);
  const dataDir = resolve(settings.dataDir);
  const path = tokenFilePath(dataDir);
  const known = await change(settings, () => createTokenList(createTokenFile(dataDir)).list());
  process.stderr.write(
    `Tokens in ${path}${existsSync(path) ? "" : ", which does not exist (use --data-dir to name another folder)"}:\n`,
  );
  if (known.length === 0) return 0;
  openOutput().printTable(
    [
      { title: "NAME", text: (token) => token.name },
      { title: "SCOPE", text: (token) => token.scope },
      { title: "CREATED AT", text: (token) => token.createdAt },
    ],
    known,
  );
  return 0;
}

export async function removeToken(given: Given<typeof contract.removeToken>): Promise<number> {
  const name = checkName("remove", given.arguments.NAME);
  const settings = settingsOf(given);
  const dataDir = await dataDirOf(settings);
  await change(settings, () => createTokenList(createTokenFile(dataDir)).remove(name));
  process.stderr.write(
    `Removed token "${name}" from ${tokenFilePath(dataDir)}. The daemon refuses it from now on.\n`,
  );
  return 0;
}

/** Throws `BadSetting` if the tokens are not in the data folder. */
function settingsOf(given: { settings(): Settings }): Settings {
  const settings = given.settings();
  if (settings.databaseUrl === undefined) return settings;
  throw new BadSetting(
    `${toEnvName("databaseUrl")} is set: the tokens are in the PostgreSQL database, for all daemons that use it. Add and remove them in the console, under System, or with POST /v1/tokens and DELETE /v1/tokens/NAME.`,
  );
}

function checkName(subcommand: string, name: string): string {
  const parsed = TokenName.safeParse(name);
  if (parsed.success && !name.startsWith("-")) return name;
  const message = parsed.error?.issues[0]?.message ?? "must not begin with a dash";
  throw new BadSetting(
    `tokens ${subcommand} NAME: NAME is ${JSON.stringify(name)}: it ${message}.`,
  );
}

async function dataDirOf(settings: Settings): Promise<string> {
  const dataDir = resolve(settings.dataDir);
  await change(settings, () => mkdir(dataDir, { recursive: true, mode: OWNER_ONLY }));
  return dataDir;
}

/** Explains errors of the folder or the file. */
async function change<T>(settings: Settings, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof BadSetting) throw error;
    if (error instanceof FileBusy || error instanceof Refused) {
      throw new BadSetting(error.message, { cause: error });
    }
    throw cannotUseDataDir(error, settings);
  }
}
