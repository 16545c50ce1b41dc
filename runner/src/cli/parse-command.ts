import { BadSetting, parseFlags, readSettings, SETTING_FLAGS, type Settings } from "../config.ts";

type FlagTypes = Readonly<Record<string, "string" | "boolean">>;

export interface ParsedCommand<Flags extends FlagTypes> {
  /** The command's argument; null when none was given. */
  readonly argument: string | null;
  readonly flags: {
    readonly [Flag in keyof Flags]?: Flags[Flag] extends "boolean" ? boolean : string;
  };
  readonly settings: Settings;
}

/** Parses a command's argument, its own flags and the settings' flags, in any order. Throws `BadSetting`. */
export function parseCommand<const Flags extends FlagTypes>(
  args: readonly string[],
  { flags, takesArgument }: { flags: Flags; takesArgument: boolean },
): ParsedCommand<Flags> {
  const own = Object.entries(flags).map(([name, type]) => [name, { type }]);
  const { values, positionals } = parseFlags({
    args,
    options: { ...SETTING_FLAGS, ...Object.fromEntries(own) },
    allowPositionals: takesArgument,
  });
  const [argument = null, extra] = positionals;
  if (extra !== undefined) {
    throw new BadSetting(`Unexpected argument ${JSON.stringify(extra)} after "${argument}".`);
  }
  return {
    argument,
    flags: values as ParsedCommand<Flags>["flags"],
    settings: readSettings(values as Record<string, string>),
  };
}
