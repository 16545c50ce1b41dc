import { membersOf } from "../find-command.ts";
import { GROUPS } from "../contract/commands.ts";
import { COMPLETABLE, FIRST_WORDS, type Completable } from "./completable.ts";

const GROUP_NAMES = Object.keys(GROUPS);

export function bashCompletion(): string {
  return `# Completion of playground-runner for bash.
_playground_runner() {
  COMPREPLY=()
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=""
  # Bash makes --flag=value three words.
  if [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ $word == = ]]; then word=""; fi
  local command=\${COMP_WORDS[1]}
  case $command in ${GROUP_NAMES.join("|")}) command+=" \${COMP_WORDS[2]}" ;; esac
  case "$COMP_CWORD \${COMP_WORDS[1]}" in
    "1 "*) words="${FIRST_WORDS.map(([first]) => first).join(" ")} --help --version" ;;
${GROUP_NAMES.map((group) => `    "2 ${group}") words="${secondWords(group)} --help" ;;`).join("\n")}
    *) case "$command $before" in
${COMPLETABLE.flatMap(flagCases).join("\n")}
      *) case $command in
${COMPLETABLE.map(commandCase).join("\n")}
      esac ;;
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _playground_runner playground-runner
`;
}

function secondWords(group: string): string {
  return membersOf(group)
    .map((name) => name.slice(group.length + 1))
    .join(" ");
}

/** What comes after a flag that has a value. */
function flagCases({ name, flags }: Completable): string[] {
  return flags
    .filter(({ values }) => values.kind !== "none")
    .map(({ name: flag, values }) => {
      const pattern = `      "${name} --${flag}")`;
      if (values.kind === "choices") return `${pattern} words="${values.choices.join(" ")}" ;;`;
      return `${pattern} ${values.kind === "files" ? "compopt -o default; " : ""}return ;;`;
    });
}

function commandCase({ name, argument, flags }: Completable): string {
  const choices = argument.kind === "choices" ? argument.choices : [];
  const words = [...choices, ...flags.map((flag) => `--${flag.name}`), "--help"];
  const files = argument.kind === "files" ? "compopt -o default; " : "";
  return `        "${name}") ${files}words="${words.join(" ")}" ;;`;
}
