import { HELP } from "../../src/cli/help.ts";
import { GENERATED } from "./markdown.ts";

export function renderCli(): string {
  return `${GENERATED}

# The command line

In a clone, use \`npm start --silent --\` instead of \`playground-runner\`, for example \`npm start --silent -- plugins\`.

\`\`\`text
${HELP.trimEnd()}
\`\`\`

| exit code | meaning |
| --- | --- |
| 0 | Success. \`start\`: SIGTERM, SIGINT or SIGHUP stopped the daemon cleanly. |
| 1 | Failure. \`start\`: the daemon could not start, or a second signal stopped it. \`run\`: the plugin failed. \`plugins\`: a plugin is broken. \`check\`: a check failed. \`backup\` and \`restore\`: the database is damaged, newer than this version, or in use. |
| 2 | A command, flag, setting or input is invalid. The message names it, its value and the valid values. |
`;
}
