#!/usr/bin/env node
/** The process: argv, signals, exit codes. */
import { CannotStart } from "./startup/cannot-start.ts";
import type { Act, CommandContract } from "./cli/command-contract.ts";
import { COMMANDS } from "./cli/contract/commands.ts";
import { CommandFailed } from "./cli/command-failed.ts";
import { findCommand } from "./cli/find-command.ts";
import { helpFor } from "./cli/help.ts";
import { LOAD_ACT } from "./cli/load-act.ts";
import { parseCommand } from "./cli/parse-command.ts";
import { toPrintableLines } from "./cli/printable.ts";
import { BadSetting } from "./config.ts";
import { secretFlagWarnings } from "./startup/setting-warnings.ts";
import { CannotOpen } from "./store/cannot-open.ts";
import { VERSION } from "./version.ts";

const BAD_USAGE = 2;
/** Errors whose message says what to do. Others are printed with their stack. */
const EXPECTED = [BadSetting, CannotStart, CannotOpen, CommandFailed];

async function main(args: readonly string[]): Promise<number> {
  const [first] = args;
  if (args.includes("--help") || args.includes("-h") || first === "help") {
    process.stdout.write(helpFor(args.filter((arg) => arg !== "help" && !arg.startsWith("-"))));
    return 0;
  }
  if (first === "--version" || first === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const { name, args: rest } = findCommand(args);
  const contract: CommandContract = COMMANDS[name];
  const warnings = contract.hasSettings ? secretFlagWarnings(args) : [];
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  const act = (await LOAD_ACT[name]()) as Act<CommandContract>;
  return act(parseCommand(name, contract, rest));
}

// The reader of the output has exited, as in `plugins | head`. That must not end a daemon.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isExpected = EXPECTED.some((kind) => error instanceof kind);
  const { message, stack = message } = error as Error;
  process.stderr.write(`${toPrintableLines(isExpected ? message : stack)}\n`);
  if (error instanceof CommandFailed) process.exitCode = error.exitCode;
  else process.exitCode = error instanceof BadSetting ? BAD_USAGE : 1;
}
