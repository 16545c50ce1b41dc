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
      Lists the plugins: name, version, where it is from, what it does.
  playground-runner run PLUGIN [--input FILE] [--options FILE] [settings]
      Runs one plugin here and now: logs and progress on stderr, the output as JSON on stdout.
      FILE holds JSON; - is standard input. Without --input the plugin's own example is used.
  playground-runner tokens add NAME --scope ${SCOPE_NAMES.join("|")} [settings]
      Makes a token beside the daemon's own, and prints it once. A daemon that runs takes it at once.
${scopeLines().join("\n")}
  playground-runner tokens list [settings]
      Lists the tokens that were added: name, scope, when.
  playground-runner tokens remove NAME [settings]
      Refuses the token from now on, in a daemon that runs too.
  playground-runner backup FILE [--force] [settings]
      Copies the database into one file, while the daemon runs or not, and checks the copy.
      --force replaces a FILE that is there.
  playground-runner restore FILE [--force] [settings]
      Puts a backup into the data folder, while no daemon runs. --force keeps the database that is
      there aside.
  playground-runner check [FILE] [settings]
      Tells whether the database, or the backup FILE, is whole: the file, its references, and what
      must hold between its rows. Only reads, while the daemon runs or not.
  playground-runner openapi
      Prints the OpenAPI document.
  playground-runner --help, --version
      Prints this, or the version.

Settings, each a flag or an environment variable:

${settingLines().join("\n")}
`;
