import { membersOf } from "../find-command.ts";
import { COMMANDS, GROUPS } from "../contract/commands.ts";
import { COMPLETABLE, FIRST_WORDS, type Completable, type CompletableFlag } from "./completable.ts";

const PROGRAM = "complete -c playground-runner";

export function fishCompletion(): string {
  const groups = Object.keys(GROUPS).flatMap((group) =>
    membersOf(group).map(
      (name) =>
        `${PROGRAM} -n '__playground_runner_after ${group}; and __playground_runner_has 2' -a ${name.slice(group.length + 1)} -d ${quote(COMMANDS[name].summary)}`,
    ),
  );
  const lines = [
    `${PROGRAM} -f`,
    ...FIRST_WORDS.map(
      ([word, text]) => `${PROGRAM} -n '__playground_runner_has 1' -a ${word} -d ${quote(text)}`,
    ),
    ...groups,
    ...COMPLETABLE.flatMap(commandLines),
  ];
  return `# Completion of playground-runner for fish.
function __playground_runner_has
    test (count (commandline -opc)) -eq $argv[1]
end
function __playground_runner_after
    set -l words (commandline -opc)
    for at in (seq (count $argv))
        test "$words[$(math $at + 1)]" = "$argv[$at]"; or return 1
    end
end
${lines.join("\n")}
`;
}

function commandLines({ name, argument, flags }: Completable): string[] {
  const after = `${PROGRAM} -n '__playground_runner_after ${name}'`;
  const lines = flags.map((flag) => `${after} ${flagOptions(flag)}`);
  if (argument.kind === "files") lines.push(`${after} -F`);
  if (argument.kind === "choices") lines.push(`${after} -a ${quote(argument.choices.join(" "))}`);
  return lines;
}

function flagOptions({ name, short, description, values }: CompletableFlag): string {
  const names = `-l ${name}${short === null ? "" : ` -s ${short}`} -d ${quote(description)}`;
  switch (values.kind) {
    case "none":
      return names;
    case "text":
      return `${names} -x`;
    case "files":
      return `${names} -rF`;
    case "choices":
      return `${names} -xa ${quote(values.choices.join(" "))}`;
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", String.raw`\'`)}'`;
}
