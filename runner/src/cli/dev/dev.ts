import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "../../config.ts";
import type { ReadyPlugin } from "../../ports/plugin-catalog.ts";
import type { Given } from "../command-contract.ts";
import type { dev as contract } from "../contract/author.ts";
import { start } from "../start.ts";
import { prettyLine } from "./pretty-log.ts";
import { runAsJob } from "./run-as-job.ts";

/** Runs the daemon, and each plugin that is saved as a job of it. */
export async function dev(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const only = given.arguments.PLUGIN;
  const settings = given.settings();
  mkdirSync(resolve(settings.pluginsDir), { recursive: true });
  let url: string | null = null;
  let first: ReadyPlugin | null = null;
  /** One after another, so that their outputs do not mix. */
  let runs = Promise.resolve();

  function run(plugin: ReadyPlugin, at: string): void {
    runs = runs.then(async () => say(await runOnce(plugin, at)));
  }

  async function runOnce(plugin: ReadyPlugin, at: string): Promise<string> {
    const { name, example } = plugin;
    if (flags.input === undefined && example === null) {
      return `${name} has no example. Add one, or run \`dev ${name} --input FILE\`.`;
    }
    try {
      const input = flags.input === undefined ? example?.input : readJson(flags.input);
      return await runAsJob({ url: at, token: readToken(settings) }, { plugin: name, input });
    } catch (error) {
      return `${name} could not run: ${(error as Error).message}`;
    }
  }

  return start(settings, {
    logOutput: { write: (line) => say(prettyLine(line)) },
    onPluginLoaded(plugin) {
      if (only !== undefined && plugin.name !== only) return;
      if (url !== null) run(plugin, url);
      else if (only !== undefined) first = plugin;
    },
    onListening(at) {
      url = at;
      say(`Open ${at}. Save a file in ${settings.pluginsDir} to run its plugin.`);
      if (first !== null) run(first, at);
    },
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8")) as unknown;
}

function readToken({ token, dataDir }: Settings): string {
  return token ?? readFileSync(join(dataDir, "token"), "utf8").trim();
}
