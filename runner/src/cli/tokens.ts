import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { cannotUseDataDir } from "../startup/cannot-start.ts";
import { BadSetting, parseSettings, type Settings } from "../config.ts";
import { SCOPE_NAMES, type Scope } from "../domain/scope.ts";
import {
  changeTokens,
  digestOf,
  readTokens,
  TokenName,
  tokenFilePath,
  TokensBusy,
} from "../secrets/token-file.ts";
import { parseCommand } from "./parse-command.ts";
import { toTable } from "./table.ts";

const OWNER_ONLY = 0o700;

/** Adds, lists and removes tokens of the API. A running daemon notices the change. */
export async function tokens(args: readonly string[]): Promise<number> {
  const [subcommand = "", ...rest] = args;
  const act = SUBCOMMANDS.get(subcommand);
  if (act !== undefined) return act(rest);
  throw new BadSetting(
    `tokens needs a subcommand: add NAME --scope ${SCOPE_NAMES.join("|")}, list, or remove NAME`,
  );
}

const SUBCOMMANDS: ReadonlyMap<string, (args: readonly string[]) => Promise<number>> = new Map([
  ["add", add],
  ["list", list],
  ["remove", remove],
]);

async function add(args: readonly string[]): Promise<number> {
  const { argument, flags, settings } = parseCommand(args, {
    flags: { scope: "string" },
    takesArgument: true,
  });
  const scope = requireScope(flags.scope);
  const name = requireName("add", argument);
  const path = await pathIn(settings);
  const token = `pg_${randomBytes(32).toString("base64url")}`;
  const sha256 = digestOf(token).toString("hex");
  await change(settings, () =>
    changeTokens(path, (known) => {
      if (known.some((one) => one.name === name)) {
        throw new BadSetting(
          `NAME is "${name}": a token with this name exists. Remove it or choose another name.`,
        );
      }
      return [...known, { name, scope, sha256, createdAt: new Date().toISOString() }];
    }),
  );
  process.stderr.write(
    `Added token "${name}" (${scope}) to ${path}. The token is not stored and is shown only this once:\n`,
  );
  process.stdout.write(`${token}\n`);
  return 0;
}

async function list(args: readonly string[]): Promise<number> {
  const settings = parseSettings(args);
  const path = tokenFilePath(resolve(settings.dataDir));
  const known = await change(settings, async () => readTokens(path));
  process.stderr.write(
    `Tokens in ${path}${existsSync(path) ? "" : ", which does not exist (use --data-dir to name another folder)"}:\n`,
  );
  const rows = known.map(({ name, scope, createdAt }) => [name, scope, createdAt]);
  process.stdout.write(`${toTable([["NAME", "SCOPE", "CREATED AT"], ...rows])}\n`);
  return 0;
}

async function remove(args: readonly string[]): Promise<number> {
  const { argument, settings } = parseCommand(args, { flags: {}, takesArgument: true });
  const name = requireName("remove", argument);
  const path = await pathIn(settings);
  await change(settings, () =>
    changeTokens(path, (known) => {
      if (known.some((one) => one.name === name)) return known.filter((one) => one.name !== name);
      const names = known.map((one) => one.name).join(", ");
      const right = names ? `one of ${names}` : "the name of a token, but there are none";
      throw new BadSetting(`NAME is "${name}": it must be ${right} in ${path}.`);
    }),
  );
  process.stderr.write(
    `Removed token "${name}" from ${path}. The daemon refuses it from now on.\n`,
  );
  return 0;
}

function requireScope(given: string | undefined): Scope {
  const scope = SCOPE_NAMES.find((one) => one === given);
  if (scope !== undefined) return scope;
  const what = given === undefined ? "is missing" : `is ${JSON.stringify(given)}`;
  throw new BadSetting(`--scope ${what}: it must be one of ${SCOPE_NAMES.join(", ")}.`);
}

function requireName(subcommand: string, argument: string | null): string {
  const name = argument ?? "";
  const parsed = TokenName.safeParse(name);
  if (parsed.success && !name.startsWith("-")) return name;
  const message = parsed.error?.issues[0]?.message ?? "must not begin with a dash";
  throw new BadSetting(
    `tokens ${subcommand} NAME: NAME is ${JSON.stringify(name)}: it ${message}.`,
  );
}

async function pathIn(settings: Settings): Promise<string> {
  const dataDir = resolve(settings.dataDir);
  await change(settings, () => mkdir(dataDir, { recursive: true, mode: OWNER_ONLY }));
  return tokenFilePath(dataDir);
}

/** Explains errors of the folder or the file. */
async function change<T>(settings: Settings, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof BadSetting) throw error;
    if (error instanceof TokensBusy) throw new BadSetting(error.message, { cause: error });
    throw cannotUseDataDir(error, settings);
  }
}
