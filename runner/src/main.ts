#!/usr/bin/env node
/** The process: argv, signals, exit codes. */
import { CannotStart } from "./startup/cannot-start.ts";
import { HELP } from "./cli/help.ts";
import { BadSetting, ownCommand } from "./config.ts";
import { CannotOpen } from "./store/sqlite/store-error.ts";
import { VERSION } from "./version.ts";

const BAD_USAGE = 2;

type Command = (args: readonly string[]) => Promise<number>;

/** Loaded when asked for: `--help` needs no Fastify. */
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
  const command = await load();
  return command(isFlag ? args : rest);
}

function noCommand(given: string): string {
  const known = Object.keys(COMMANDS).join(", ");
  // What npm takes for a flag of its own it drops, and leaves the flag's value.
  const hint = /^\d+$/.test(given)
    ? ` A flag of npm start goes behind two dashes: npm start -- --port ${given}.`
    : "";
  return `There is no command "${given}"; there are ${known}. \`${ownCommand()} --help\` tells of them.${hint}`;
}

// Whoever read the output has gone, as in `plugins | head`: no reason for a daemon to die.
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
