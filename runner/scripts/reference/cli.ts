import { TOPICS, type CommandContract } from "../../src/cli/command-contract.ts";
import { COMMAND_NAMES, COMMANDS } from "../../src/cli/contract/commands.ts";
import { EXIT_CODES } from "../../src/cli/command-failed.ts";
import { usageOf } from "../../src/cli/usage.ts";
import { GENERATED, table } from "./markdown.ts";

export function renderCli(): string {
  const topics = Object.entries(TOPICS).map(([topic, title]) => {
    const names = COMMAND_NAMES.filter((name) => COMMANDS[name].topic === topic);
    return `## ${title}\n\n${names.map((name) => renderCommand(name, COMMANDS[name])).join("\n")}`;
  });
  const codes = Object.entries(EXIT_CODES).map(([code, meaning]) => [code, meaning]);
  return `${GENERATED}

# The command line

In a clone, use \`npm start --silent --\` instead of \`playground-runner\`, for example \`npm start --silent -- plugins\`.

\`playground-runner COMMAND --help\` prints what this page says about a command. Flags and arguments can come in any order.

${topics.join("\n")}
## Exit codes

${table(["exit code", "meaning"], codes)}
`;
}

function renderCommand(name: string, contract: CommandContract): string {
  const { summary, description, flags = {}, hasSettings, examples } = contract;
  const rows = Object.entries(flags).map(
    ([flag, { short, value, variable, description: text }]) => [
      [`\`--${flag}${value === undefined ? "" : ` ${value}`}\``, short && `\`-${short}\``]
        .filter(Boolean)
        .join(", "),
      variable === undefined ? "" : `\`${variable}\``,
      text,
    ],
  );
  const settings = hasSettings ? `It also takes the [settings](configuration.md) as flags.\n` : "";
  const shown = examples.map(({ command, does }) => `# ${does}\nplayground-runner ${command}\n`);
  return [
    `### \`${name}\`\n`,
    `\`\`\`text\nplayground-runner ${usageOf(name, contract)}\n\`\`\`\n`,
    `${[summary, description].filter(Boolean).join(" ")}\n`,
    ...(rows.length === 0 ? [] : [`${table(["flag", "variable", "description"], rows)}\n`]),
    ...(settings === "" ? [] : [settings]),
    ...(shown.length === 0 ? [] : [`\`\`\`sh\n${shown.join("")}\`\`\`\n`]),
  ].join("\n");
}
