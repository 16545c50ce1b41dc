import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { openPlugins } from "../startup/open-plugins.ts";
import { BadSetting, ownCommand } from "../config.ts";
import type { Issue } from "../domain/errors.ts";
import { withPlainNumbers } from "../domain/exact-number.ts";
import { toJsonText } from "../domain/json-text.ts";
import { parseExactNumbers } from "../http/exact-numbers.ts";
import { MAX_LOG_LINES } from "../domain/limits.ts";
import type { PluginCatalog, ReadyPlugin } from "../ports/plugin-catalog.ts";
import type { StepHooks } from "../ports/plugin-pool.ts";
import { parseCommand } from "./parse-command.ts";
import { printWarnings } from "./print-warnings.ts";

/** Runs one plugin without a daemon. The exit code is 1 when it fails. */
export async function run(args: readonly string[]): Promise<number> {
  const { argument, flags, settings } = parseCommand(args, {
    flags: { input: "string", options: "string" },
    takesArgument: true,
  });
  const name = requireName(argument);
  const plugins = await openPlugins(settings);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const plugin = findPlugin(plugins.catalog, name);
    printWarnings(plugin);
    const input = await readJson("--input", flags.input, plugin.example?.input ?? null);
    const options = await readJson("--options", flags.options, plugin.example?.options ?? {});
    const issues = plugins.catalog.checkInput(name, withPlainNumbers(input));
    if (issues.length > 0 && flags.input === undefined && plugin.example === null) {
      throw new BadSetting(`--input is required: plugin "${name}" has no example.`);
    }
    check("--input", issues);
    check("--options", plugins.catalog.checkOptions(name, withPlainNumbers(options)));
    const pool = plugins.createPool();
    const result = await pool.run(
      {
        jobId: "job_local",
        jobName: null,
        metadata: toJsonText({}),
        plugin: name,
        options: toJsonText(options),
        input: toJsonText(input),
        inputFrom: null,
        jobInput: toJsonText(input),
        jobTimeoutMs: null,
        isLastAttempt: false,
        logLimitBytes: settings.logLimit,
        logLimitLines: MAX_LOG_LINES,
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
    process.stderr.write(`metrics ${JSON.stringify(result.metrics)}\n`);
    process.stdout.write(`${JSON.stringify(await parseJson(result.output), null, 2)}\n`);
    return 0;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await plugins.close();
  }
}

function requireName(argument: string | null): string {
  if (argument !== null) return argument;
  throw new BadSetting(`run needs a plugin's name: ${ownCommand()} run PLUGIN --input FILE`);
}

function findPlugin(catalog: PluginCatalog, name: string): ReadyPlugin {
  const plugin = catalog.get(name);
  if (plugin?.status === "ready") return plugin;
  const names = catalog.list().map((known) => known.name);
  throw new BadSetting(
    plugin === null
      ? `PLUGIN is "${name}": it must be one of ${names.join(", ")}.`
      : `Plugin "${name}" could not be loaded: ${plugin.error}`,
  );
}

async function readJson(
  flag: string,
  file: string | undefined,
  otherwise: unknown,
): Promise<unknown> {
  if (file === undefined) return otherwise;
  try {
    const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
    return await parseJson(content);
  } catch (error) {
    throw new BadSetting(`${flag} is "${file}": ${(error as Error).message}`);
  }
}

/** As the daemon parses a request: each number is written again as it was read. Throws a SyntaxError. */
async function parseJson(content: string): Promise<unknown> {
  JSON.parse(content);
  const body = `{"input":${content}}`;
  return ((await parseExactNumbers(body, JSON.parse(body))) as { input: unknown }).input;
}

function check(flag: string, issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  const lines = issues.map((issue) => `  ${issue.path || "/"}: ${issue.message}`);
  throw new BadSetting(`${flag} does not fit the plugin's schema:\n${lines.join("\n")}`);
}

function toHooks(signal: AbortSignal): StepHooks {
  return {
    signal,
    onLog(lines) {
      for (const line of lines) {
        const data = line.data === null ? "" : ` ${line.data}`;
        process.stderr.write(`${line.level} ${line.message}${data}\n`);
      }
    },
    onProgress({ fraction, message }) {
      const share = fraction === null ? "" : `${Math.round(fraction * 100)} %`;
      process.stderr.write(`progress ${[share, message].filter(Boolean).join(" ")}\n`);
    },
  };
}
