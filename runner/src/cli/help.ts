import { z } from "zod";
import { Settings, toEnvName, toFlagName } from "../config.ts";

function settingLines(): string[] {
  return Object.entries(Settings.shape).flatMap(([key, schema]) => [
    `  --${toFlagName(key)}, ${toEnvName(key)}${defaultOf(schema)}`,
    `      ${schema.description ?? ""}`,
  ]);
}

/** A default that depends on the machine is told in the description. */
function defaultOf(schema: z.ZodType): string {
  if (schema === Settings.shape.threads) return "";
  // What a prefault gives goes through the schema's transform, and is no text afterwards.
  const value =
    schema instanceof z.ZodPrefault ? schema.def.defaultValue : schema.safeParse(undefined).data;
  return typeof value === "string" || typeof value === "number" ? ` (${value})` : "";
}

export const HELP = `playground-runner: runs plugins as durable jobs and reports every job by webhook

  playground-runner [start] [settings]
      Starts the daemon.
  playground-runner plugins [--json] [settings]
      Lists the plugins: name, version, where it is from, what it does.
  playground-runner run PLUGIN [--input FILE] [--options FILE] [settings]
      Runs one plugin here and now: logs and progress on stderr, the output as JSON on stdout.
      FILE holds JSON; - is standard input. Without --input the plugin's own example is used.
  playground-runner openapi
      Prints the OpenAPI document.

Settings, each a flag or an environment variable:

${settingLines().join("\n")}
`;
