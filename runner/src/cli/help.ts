import { SCOPE_NAMES, SCOPES } from "../domain/scope.ts";
import { describeSettings } from "./describe-settings.ts";

function scopeLines(): string[] {
  return SCOPE_NAMES.map((scope) => `      ${scope}: ${SCOPES[scope]}.`);
}

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
      Lists the plugins with name, version, source and description.
  playground-runner run PLUGIN [--input FILE] [--options FILE] [settings]
      Runs one plugin without a daemon. Logs and progress go to stderr, the output goes to stdout as JSON.
      FILE contains JSON, and - is standard input. Without --input the plugin's example is used.
  playground-runner tokens add NAME --scope ${SCOPE_NAMES.join("|")} [settings]
      Creates another API token and prints it once. A running daemon accepts it immediately.
${scopeLines().join("\n")}
  playground-runner tokens list [settings]
      Lists the added tokens with name, scope and time.
  playground-runner tokens remove NAME [settings]
      Removes the token. A running daemon refuses it immediately.
  playground-runner backup FILE [--force] [settings]
      Copies the database into one file and checks the copy. The daemon can be running.
      --force replaces an existing FILE.
  playground-runner restore FILE [--force] [settings]
      Restores a backup into the data folder. The daemon must not be running.
      --force renames an existing database first.
  playground-runner check [FILE] [settings]
      Checks the database or the backup FILE: the file itself, its references, and that its rows
      agree with each other. It changes nothing. The daemon can be running.
  playground-runner openapi
      Prints the OpenAPI document.
  playground-runner --help, --version
      Prints this help, or the version.

Each setting is a flag or an environment variable:

${settingLines().join("\n")}
`;
