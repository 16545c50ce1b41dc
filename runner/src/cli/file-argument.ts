import { resolve } from "node:path";
import { BadSetting } from "../config.ts";

export interface FileArguments {
  /** Absolute; null when none was given. */
  readonly file: string | null;
  readonly force: boolean;
  /** The settings' flags. */
  readonly rest: readonly string[];
}

/** Splits `[FILE] [--force] [settings]`. */
export function splitFileArguments(args: readonly string[]): FileArguments {
  const [first, ...others] = args;
  const hasFile = first !== undefined && !first.startsWith("-");
  const flags = hasFile ? others : args;
  return {
    file: hasFile ? resolve(first) : null,
    force: flags.includes("--force"),
    rest: flags.filter((flag) => flag !== "--force"),
  };
}

/** The same, with a file. Throws `BadSetting` without one. */
export function requireFile(
  command: string,
  args: readonly string[],
): FileArguments & { readonly file: string } {
  const { file, ...others } = splitFileArguments(args);
  if (file === null) {
    throw new BadSetting(`${command} needs a file first: playground-runner ${command} FILE`);
  }
  return { file, ...others };
}
