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

Every setting is an environment variable and a flag; the flag wins. A variable that is empty counts as not set. A setting that cannot be used stops the start with its name, its value and what would be right.

${table(["variable", "flag", "default", "what it sets"], rows)}

Paths are taken from the folder that the daemon is started in; with \`npm start\` that is the project's.

Plugins see the environment without the variables that begin with \`PLAYGROUND_\`: those hold the token.
`;
}
