import { SETTINGS } from "../../startup/settings.ts";
import { toFlagName } from "../../config.ts";
import type { CommandContract } from "../command-contract.ts";
import { COMMAND_NAMES, COMMANDS, GROUPS, type CommandName } from "../contract/commands.ts";

/** What can come after a flag, or as an argument. */
export type Values =
  | { readonly kind: "none" }
  | { readonly kind: "text" }
  | { readonly kind: "files" }
  | { readonly kind: "choices"; readonly choices: readonly string[] };

export interface Completable {
  readonly name: CommandName;
  readonly summary: string;
  readonly argument: Values;
  readonly flags: readonly CompletableFlag[];
}

export interface CompletableFlag {
  readonly name: string;
  readonly short: string | null;
  readonly description: string;
  readonly repeats: boolean;
  readonly values: Values;
}

/** What a shell completes, from the commands' contracts. */
export const COMPLETABLE: readonly Completable[] = COMMAND_NAMES.map((name) => {
  const contract: CommandContract = COMMANDS[name];
  const [argument] = Object.entries(contract.arguments ?? {});
  const own = Object.entries(contract.flags ?? {}).map(([flag, known]) => ({
    name: flag,
    short: known.short ?? null,
    description: firstSentence(known.description),
    repeats: known.repeats ?? false,
    values: toValues(known.value ?? null, known.choices),
  }));
  return {
    name,
    summary: contract.summary,
    argument: toValues(argument?.[0] ?? null, argument?.[1].choices),
    flags: [...own, ...(contract.hasSettings ? settingsOf(name) : [])],
  };
});

/** The words that can come first: commands, and groups with what they are for. */
export const FIRST_WORDS: readonly (readonly [word: string, description: string])[] = [
  ...new Map(
    COMPLETABLE.map(({ name, summary }) => {
      const word = name.split(" ")[0] ?? "";
      return [word, GROUPS[word] ?? summary];
    }),
  ),
];

/** All settings for `start`. Other commands take them too, but use little more than folders. */
function settingsOf(name: CommandName): CompletableFlag[] {
  return Object.entries(SETTINGS.shape)
    .map(([key, schema]) => ({
      name: toFlagName(key),
      short: null,
      description: firstSentence(schema.description ?? ""),
      repeats: false,
      values: toValues(/(Dir|File)$/.test(key) ? "FILE" : "VALUE", undefined),
    }))
    .filter(({ name: flag }) => name === "start" || flag.endsWith("-dir"));
}

function toValues(value: string | null, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: "choices", choices };
  if (value === null) return { kind: "none" };
  return { kind: /^(FILE|FOLDER)$/.test(value) ? "files" : "text" };
}

function firstSentence(text: string): string {
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}
