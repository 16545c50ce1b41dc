import type { ClientSettings, Settings } from "../config.ts";

export const TOPICS = {
  daemon: "Run a daemon",
  plugins: "Run plugins",
  remote: "Work with a running daemon",
  shell: "Other commands",
} as const;

export interface FlagContract {
  readonly description: string;
  /** What the value is, such as `FILE`. A flag without it has no value. */
  readonly value?: string;
  /** The letter of the short form. */
  readonly short?: string;
  readonly choices?: readonly string[];
  /** The smallest and the largest value. The value is then a number. */
  readonly range?: readonly [number, number];
  readonly isRequired?: true;
  /** True when the flag can be given more than once. */
  readonly repeats?: true;
  /** The environment variable that is used without the flag. */
  readonly variable?: string;
}

export interface ArgumentContract {
  /** What it is, such as "a plugin's name". */
  readonly what: string;
  readonly choices?: readonly string[];
  readonly isOptional?: true;
  /** True when several can be given. Only the last argument can repeat. */
  readonly repeats?: true;
}

export interface Example {
  readonly command: string;
  readonly does: string;
}

/**
 * Everything that is public about one command. Parsing, help, shell completion and
 * docs/reference/cli.md are made from it, and the command's act gets its types from it.
 */
export interface CommandContract {
  readonly topic: keyof typeof TOPICS;
  /** One sentence. */
  readonly summary: string;
  /** Further sentences. */
  readonly description?: string;
  /** By the name that help shows, such as `FILE`, in their order. */
  readonly arguments?: Readonly<Record<string, ArgumentContract>>;
  readonly flags?: Readonly<Record<string, FlagContract>>;
  /** True when the command also has the daemon's settings as flags. */
  readonly hasSettings?: true;
  readonly examples: readonly Example[];
}

export function defineCommand<const C extends CommandContract>(contract: C): C {
  return contract;
}

/** What the user typed, checked against the contract. */
export interface Given<C extends CommandContract> {
  readonly arguments: {
    readonly [Name in keyof Part<C, "arguments">]: Value<C, "arguments", Name>;
  };
  readonly flags: { readonly [Name in keyof Part<C, "flags">]: Value<C, "flags", Name> };
  /** The daemon's settings from the flags and the environment. Throws `BadSetting`. */
  settings(): Settings;
  /** How to reach a running daemon, from the same sources. Throws `BadSetting`. */
  clientSettings(): ClientSettings;
}

/** Does what a command is for, and returns the exit code. */
export type Act<C extends CommandContract> = (given: Given<C>) => Promise<number>;

type Part<C extends CommandContract, Key extends "arguments" | "flags"> =
  C extends Readonly<Record<Key, infer Known>> ? Known : object;

type Value<
  C extends CommandContract,
  Key extends "arguments" | "flags",
  Name extends keyof Part<C, Key>,
> = ValueOf<Part<C, Key>[Name], Key>;

type ValueOf<Known, Key> = Known extends { readonly repeats: true }
  ? readonly Text<Known>[]
  : Known extends { readonly isRequired: true }
    ? Text<Known>
    : Key extends "flags"
      ? Known extends { readonly value: string }
        ? Text<Known> | undefined
        : boolean
      : Known extends { readonly isOptional: true }
        ? Text<Known> | undefined
        : Text<Known>;

type Text<Known> = Known extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Known extends { readonly range: readonly [number, number] }
    ? number
    : string;
