import { describeSettings } from "../../src/cli/describe-settings.ts";
import { code, GENERATED, table } from "./markdown.ts";

export function renderConfiguration(): string {
  const rows = describeSettings().map(({ variable, flag, defaultText, allowed, description }) => [
    code(variable),
    code(flag),
    defaultText === null ? "" : code(defaultText),
    [description, allowed === "" ? "" : `Allowed: ${allowed}.`].filter(Boolean).join(" "),
  ]);
  return `${GENERATED}

# Settings

Every setting is an environment variable and a flag. The flag takes precedence. An empty variable counts as not set. If a setting is invalid, the daemon does not start, and the message names the setting, its value and the valid values.

${table(["variable", "flag", "default", "meaning"], rows)}

Relative paths start at the folder in which the daemon is started. With \`npm start\` this is the project folder.

Plugins do not see the variables that begin with \`PLAYGROUND_\`, because these contain the token.

\`PLAYGROUND_SECRET_NAME\` is the value of the secret \`NAME\`, and \`PLAYGROUND_SECRET_NAME_FILE\` the path of a file that contains it, for the plugins that declare it: [Secrets](../guides/write-a-plugin.md#secrets).
`;
}
