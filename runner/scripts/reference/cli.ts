import { HELP } from "../../src/cli/help.ts";
import { GENERATED } from "./markdown.ts";

export function renderCli(): string {
  return `${GENERATED}

# The command line

From a clone, \`npm start --silent --\` stands for \`playground-runner\`: \`npm start --silent -- plugins\`.

\`\`\`text
${HELP.trimEnd()}
\`\`\`

| exit code | meaning |
| --- | --- |
| 0 | done; for \`start\`: stopped cleanly by SIGTERM or SIGINT |
| 1 | it failed: the daemon could not start, or was stopped by a second signal; \`run\`: the plugin failed; \`plugins\`: one is broken; \`check\`: something does not hold; \`backup\`, \`restore\`: the database is damaged, newer, or in use |
| 2 | a wrong command, flag, setting or input; the message names it, its value and what would be right |
`;
}
