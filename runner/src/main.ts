#!/usr/bin/env node
/** The process: argv, signals, exit codes. */
import { CannotStart } from "./startup/cannot-start.ts";
import { HELP } from "./cli/help.ts";
import { BadSetting, ownCommand } from "./config.ts";
import { secretFlagWarnings } from "./startup/setting-warnings.ts";
import { CannotOpen } from "./store/sqlite/store-error.ts";
import { VERSION } from "./version.ts";

const BAD_USAGE = 2;

type Command = (args: readonly string[]) => Promise<number>;

/** Each command is loaded when it runs: `--help` does not need Fastify. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./cli/start.ts")).start,
  plugins: async () => (await import("./cli/plugins.ts")).plugins,
  run: async () => (await import("./cli/run.ts")).run,
  tokens: async () => (await import("./cli/tokens.ts")).tokens,
  backup: async () => (await import("./cli/backup.ts")).backup,
  restore: async () => (await import("./cli/restore.ts")).restore,
  check: async () => (await import("./cli/check.ts")).check,
  openapi: async () => (await import("./cli/openapi.ts")).openapi,
};

async function main(args: readonly string[]): Promise<number> {
  const [first = "start", ...rest] = args;
  if (args.includes("--help") || args.includes("-h") || first === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (first === "--version" || first === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const isFlag = first.startsWith("-");
  const load = COMMANDS[isFlag ? "start" : first];
  if (load === undefined) {
    throw new BadSetting(noCommand(first));
  }
  for (const warning of secretFlagWarnings(args)) process.stderr.write(`${warning}\n`);
  const command = await load();
  return command(isFlag ? args : rest);
}

function noCommand(given: string): string {
  const known = Object.keys(COMMANDS).join(", ");
  // Without the two dashes npm parses the flag as its own, and passes on only the value.
  const hint = /^\d+$/.test(given)
    ? ` Flags after npm start need two dashes before them: npm start -- --port ${given}.`
    : "";
  return `The command is "${given}": it must be one of ${known}. \`${ownCommand()} --help\` describes them.${hint}`;
}

// The reader of the output has exited, as in `plugins | head`. That must not end a daemon.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof BadSetting;
  const isExpected = isUsage || error instanceof CannotStart || error instanceof CannotOpen;
  process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`);
  process.exitCode = isUsage ? BAD_USAGE : 1;
}
