import { wrapText } from "./wrap-text.ts";
import { TOPICS, type CommandContract, type FlagContract } from "./command-contract.ts";
import { COMMAND_NAMES, COMMANDS, GROUPS, type CommandName } from "./contract/commands.ts";
import { describeSettings } from "./describe-settings.ts";
import { membersOf } from "./find-command.ts";
import { usageOf } from "./usage.ts";

const PROGRAM = "playground-runner";

/** What `--help` prints: for all commands, for a group such as `tokens`, or for one command. */
export function helpFor(words: readonly string[]): string {
  const [first = "", second = ""] = words;
  const name = COMMAND_NAMES.find((known) => known === `${first} ${second}` || known === first);
  if (name !== undefined) return commandHelp(name);
  return first in GROUPS ? groupHelp(first) : overview();
}

function overview(): string {
  const topics = Object.entries(TOPICS).flatMap(([topic, title]) => {
    const lines = new Map<string, string>();
    for (const name of COMMAND_NAMES) {
      const [word = ""] = name.split(" ");
      const contract: CommandContract = COMMANDS[name];
      if (contract.topic === topic) lines.set(word, GROUPS[word] ?? contract.summary);
    }
    return lines.size === 0 ? [] : [`${title}:\n${toColumns([...lines])}`];
  });
  return `${PROGRAM}: runs plugins as durable jobs and reports every job by webhook

Usage: ${PROGRAM} [COMMAND] [arguments and flags]
       ${PROGRAM} --help, --version

${topics.join("\n")}
\`${PROGRAM} COMMAND --help\` describes a command. \`${PROGRAM} start --help\` describes the settings.
`;
}

function groupHelp(group: string): string {
  const rows = membersOf(group).map(
    (name) => [usageOf(name, COMMANDS[name]), COMMANDS[name].summary] as const,
  );
  const lines = rows.map(([usage, summary]) => `  ${PROGRAM} ${usage}\n${wrapText(summary, 6)}`);
  return `${GROUPS[group]}

${lines.join("\n")}

\`${PROGRAM} ${group} COMMAND --help\` describes one of them.
`;
}

function commandHelp(name: CommandName): string {
  const contract: CommandContract = COMMANDS[name];
  return `${[
    `Usage: ${PROGRAM} ${usageOf(name, contract)}\n`,
    wrapText([contract.summary, contract.description].filter(Boolean).join(" "), 0),
    ...section("Flags", flagLines(contract.flags ?? {})),
    ...section("Settings", name === "start" ? settingLines() : []),
    ...(contract.hasSettings && name !== "start"
      ? [`\nIt also takes the settings of the daemon. \`${PROGRAM} start --help\` describes them.`]
      : []),
    ...section(
      "Examples",
      contract.examples.map(({ command, does }) => `  ${PROGRAM} ${command}\n${wrapText(does, 6)}`),
    ),
  ].join("\n")}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`\n${title}:`, ...lines];
}

function flagLines(flags: Readonly<Record<string, FlagContract>>): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    const { short, value, variable, description } = flag;
    const names = `${short === undefined ? "" : `-${short}, `}--${name}`;
    const head = [`${names}${value === undefined ? "" : ` ${value}`}`, variable];
    return `  ${head.filter(Boolean).join(", ")}\n${wrapText(description, 6)}`;
  });
}

function settingLines(): string[] {
  return describeSettings().map(({ flag, variable, defaultText, description }) => {
    const head = `${flag}, ${variable}${defaultText === null ? "" : ` (${defaultText})`}`;
    return `  ${head}\n${wrapText(description, 6)}`;
  });
}

function toColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join("");
}
