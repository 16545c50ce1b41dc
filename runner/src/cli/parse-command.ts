import {
  BadSetting,
  ownCommand,
  parseFlags,
  readClientSettings,
  readSettings,
  SETTING_FLAGS,
} from "../config.ts";
import type { ArgumentContract, CommandContract, FlagContract, Given } from "./command-contract.ts";
import { usageOf } from "./usage.ts";

type FlagValue = string | number | boolean | readonly string[] | undefined;
type ArgumentValue = string | readonly string[] | undefined;

/** Checks arguments and flags, in any order, against the contract. Throws `BadSetting`. */
export function parseCommand<C extends CommandContract>(
  name: string,
  contract: C,
  args: readonly string[],
): Given<C> {
  const { flags: own = {}, hasSettings = false } = contract;
  const options = Object.fromEntries(
    Object.entries(own).map(([flag, { value, short, repeats = false }]) => [
      flag,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        multiple: repeats,
        ...(short !== undefined && { short }),
      },
    ]),
  );
  const { values, positionals } = parseFlags({
    args,
    options: { ...(hasSettings ? SETTING_FLAGS : {}), ...options },
    command: name,
  });
  const given = {
    arguments: readArguments(name, contract, positionals),
    flags: readFlags(own, values as Readonly<Record<string, FlagValue>>),
    settings: () => readSettings(values as Record<string, string>),
    clientSettings: () => readClientSettings(values as Record<string, string>),
  };
  // The loops above give every name of the contract its value, which the compiler cannot follow.
  return given as Given<C>;
}

function readArguments(
  name: string,
  contract: CommandContract,
  positionals: readonly string[],
): Record<string, ArgumentValue> {
  const rest = [...positionals];
  const read: Record<string, ArgumentValue> = {};
  for (const [argument, known] of Object.entries(contract.arguments ?? {})) {
    const values = rest.splice(0, known.repeats ? rest.length : 1);
    if (values.length === 0 && !known.isOptional) {
      throw new BadSetting(
        `${name} needs ${known.what}: ${ownCommand()} ${usageOf(name, contract)}`,
      );
    }
    for (const value of values) checkChoice(argument, known, value);
    read[argument] = known.repeats ? values : values[0];
  }
  if (rest[0] !== undefined) {
    const last = positionals.at(-rest.length - 1);
    const after = last === undefined ? "" : ` after "${last}"`;
    throw new BadSetting(
      `Unexpected argument "${rest[0]}"${after}. \`${ownCommand()} ${name} --help\` shows what ${name} takes.`,
    );
  }
  return read;
}

function readFlags(
  own: Readonly<Record<string, FlagContract>>,
  values: Readonly<Record<string, FlagValue>>,
): Record<string, FlagValue> {
  const read: Record<string, FlagValue> = {};
  for (const [flag, known] of Object.entries(own)) {
    const value = values[flag];
    for (const one of [value].flat()) {
      if (typeof one === "string") checkChoice(`--${flag}`, known, one);
    }
    if (known.isRequired && value === undefined) {
      const right = known.choices ? ` it must be one of ${known.choices.join(", ")}.` : "";
      throw new BadSetting(`--${flag} is missing:${right || ` ${known.description}`}`);
    }
    const none = known.value === undefined ? false : known.repeats ? [] : undefined;
    read[flag] =
      known.range && typeof value === "string" ? toNumber(flag, known, value) : (value ?? none);
  }
  return read;
}

function toNumber(flag: string, { range = [0, 0] }: FlagContract, value: string): number {
  const [least, most] = range;
  const number = /^\d{1,15}(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new BadSetting(
    `--${flag} is ${JSON.stringify(value)}: it must be a number from ${least} to ${most}.`,
  );
}

function checkChoice(
  name: string,
  { choices }: Pick<ArgumentContract & FlagContract, "choices">,
  value: string,
): void {
  if (choices === undefined || choices.includes(value)) return;
  throw new BadSetting(
    `${name} is ${JSON.stringify(value)}: it must be one of ${choices.join(", ")}.`,
  );
}
