import { describeSettings } from "./describe-settings.ts";

function settingLines(): string[] {
  return describeSettings().flatMap(({ flag, variable, defaultText, description }) => [
    `  ${flag}, ${variable}${defaultText === null ? "" : ` (${defaultText})`}`,
    `      ${description}`,
  ]);
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
