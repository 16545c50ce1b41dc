import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPlugins } from "../startup/open-plugins.ts";
import { BadSetting } from "../config.ts";
import type { Issue } from "../domain/errors.ts";
import { withPlainNumbers } from "../domain/exact-number.ts";
import type { FileInfo } from "../domain/file.ts";
import { toJsonText } from "../domain/json-text.ts";
import { MAX_LOG_LINES } from "../domain/limits.ts";
import { createLocalContents, type LocalContents } from "../files/local-contents.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { PluginCatalog, ReadyPlugin } from "../ports/plugin-catalog.ts";
import type { StepHooks } from "../ports/plugin-pool.ts";
import type { Given } from "./command-contract.ts";
import type { run as contract } from "./contract/plugins.ts";
import { parseExactJson } from "./exact-json.ts";
import { printLog, printProgress } from "./print-run.ts";
import { toPrintable } from "./printable.ts";
import { printWarnings } from "./print-warnings.ts";
import { readJsonFile } from "./read-json-file.ts";
import { runRemote } from "./run-remote.ts";

/** The flags of a run that is no job. All others need a daemon. */
const OF_EVERY_RUN = new Set(["input", "options", "remote", "url"]);

/** Runs one plugin, here or in a running daemon. The exit code is 1 when it fails. */
export async function run(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  if (flags.remote || flags.url !== undefined) return runRemote(given);
  const ofJob = Object.entries(flags).find(([name, value]) => {
    const isGiven = Array.isArray(value)
      ? value.length > 0
      : value !== undefined && value !== false;
    return isGiven && !OF_EVERY_RUN.has(name);
  });
  if (ofJob !== undefined) {
    throw new BadSetting(`--${ofJob[0]} needs --remote: without it no job is submitted.`);
  }
  return runLocal(given);
}

async function runLocal(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const settings = given.settings();
  const name = given.arguments.PLUGIN;
  const plugins = await openPlugins(settings);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const plugin = findPlugin(plugins.catalog, name);
    printWarnings(plugin);
    // Its options belong to its input.
    const example = flags.input === undefined ? plugin.example : null;
    const input = await readJsonFile("--input", flags.input, () => example?.input ?? null);
    const options = await readJsonFile("--options", flags.options, () => example?.options ?? {});
    const issues = plugins.catalog.checkInput(name, withPlainNumbers(input));
    if (issues.length > 0 && flags.input === undefined && plugin.example === null) {
      throw new BadSetting(`--input is required: plugin "${name}" has no example.`);
    }
    check("--input", issues);
    check("--options", plugins.catalog.checkOptions(name, withPlainNumbers(options)));
    // No daemon stores what the plugin writes, so it is not put among the daemon's contents.
    const contentsDir = join(tmpdir(), `playground-run-${process.pid}`);
    const pool = plugins.createPool({ contentsDir });
    const result = await pool.run(
      {
        jobId: "job_local",
        jobName: null,
        metadata: toJsonText({}),
        schedule: null,
        plugin: name,
        options: toJsonText(options),
        input: toJsonText(input),
        inputFrom: null,
        jobInput: toJsonText(input),
        jobTimeoutMs: null,
        attempt: 1,
        isLastAttempt: false,
        logLimitBytes: settings.logLimit,
        logLimitLines: MAX_LOG_LINES,
        filesLimitBytes: settings.jobFilesLimit,
      },
      toHooks(stop.signal),
    );
    if ("interrupted" in result) {
      process.stderr.write(`STEP_INTERRUPTED: ${result.interrupted}\n`);
      return 1;
    }
    if (!result.ok) {
      process.stderr.write(`${result.failure.code}: ${result.failure.message}\n`);
      return 1;
    }
    for (const file of result.files ?? []) printFile(file, createLocalContents(contentsDir));
    process.stderr.write(`metrics ${JSON.stringify(result.metrics)}\n`);
    process.stdout.write(`${JSON.stringify(await parseExactJson(result.output), null, 2)}\n`);
    return 0;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await plugins.close();
  }
}

function printFile({ id, name, type, size, sha256 }: FileInfo, contents: LocalContents): void {
  const path = contents.pathOf(sha256);
  process.stderr.write(`file ${toPrintable(`${id} ${name} (${type}, ${size} bytes): ${path}`)}\n`);
}

function findPlugin(catalog: PluginCatalog, name: string): ReadyPlugin {
  const plugin = catalog.get(name);
  if (plugin?.status === "ready") return plugin;
  const names = catalog.list().map((known) => known.name);
  throw new BadSetting(
    plugin === null
      ? `PLUGIN is "${name}": it must be one of ${names.join(", ")}.${didYouMean(name, names)}`
      : `Plugin "${name}" could not be loaded: ${plugin.error}`,
  );
}

function check(flag: string, issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  const lines = issues.map((issue) => `  ${issue.path || "/"}: ${issue.message}`);
  throw new BadSetting(`${flag} does not fit the plugin's schema:\n${lines.join("\n")}`);
}

function toHooks(signal: AbortSignal): StepHooks {
  return {
    signal,
    onLog: (lines) => lines.forEach(printLog),
    onProgress: printProgress,
  };
}
