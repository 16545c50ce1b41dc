import { BadSetting, ownCommand } from "../config.ts";
import { didYouMean } from "../domain/nearest.ts";
import { COMMAND_NAMES, GROUPS, type CommandName } from "./contract/commands.ts";

/** A command, and the arguments after its words. */
export interface FoundCommand {
  readonly name: CommandName;
  readonly args: readonly string[];
}

/** Finds the command at the start of the arguments. Throws `BadSetting`. */
export function findCommand(args: readonly string[]): FoundCommand {
  const [first = "start", second] = args;
  if (first.startsWith("-")) return { name: "start", args };
  if (first in GROUPS) return findInGroup(first, second, args);
  const name = COMMAND_NAMES.find((known) => known === first);
  if (name !== undefined) return { name, args: args.slice(1) };
  // Without the two dashes npm parses the flag as its own, and passes on only the value.
  const hint = /^\d+$/.test(first)
    ? ` Flags after npm start need two dashes before them: npm start -- --port ${first}.`
    : "";
  const known = [...new Set(COMMAND_NAMES.map((one) => one.split(" ")[0] ?? ""))];
  throw new BadSetting(
    `The command is "${first}": it must be one of ${known.join(", ")}.${didYouMean(first, known)} \`${ownCommand()} --help\` describes them.${hint}`,
  );
}

function findInGroup(
  group: string,
  second: string | undefined,
  args: readonly string[],
): FoundCommand {
  const members = membersOf(group);
  const isGiven = second !== undefined && !second.startsWith("-");
  const name = members.find((member) => member === `${group} ${isGiven ? second : "list"}`);
  if (name !== undefined) return { name, args: args.slice(isGiven ? 2 : 1) };
  const words = members.map((member) => member.slice(group.length + 1));
  const what = isGiven ? `The command is "${group} ${second}"` : `${group} needs a second word`;
  throw new BadSetting(
    `${what}: after "${group}" it must be one of ${words.join(", ")}.${didYouMean(isGiven ? second : "", words)} \`${ownCommand()} ${group} --help\` describes them.`,
  );
}

/** The commands that begin with the group's word. */
export function membersOf(group: string): readonly CommandName[] {
  return COMMAND_NAMES.filter((name) => name.startsWith(`${group} `));
}
