import { membersOf } from "../find-command.ts";
import { COMMANDS, GROUPS } from "../contract/commands.ts";
import { COMPLETABLE, FIRST_WORDS, type Completable, type Values } from "./completable.ts";

const GROUP_NAMES = Object.keys(GROUPS);

export function zshCompletion(): string {
  return `#compdef playground-runner
# Completion of playground-runner for zsh.
_playground_runner() {
  local -a commands
  case "$CURRENT $words[2]" in
    "2 "*) commands=(${describe(FIRST_WORDS)}) ;;
${GROUP_NAMES.map((group) => `    "3 ${group}") commands=(${describe(secondWords(group))}) ;;`).join("\n")}
  esac
  if (( $#commands )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in ${GROUP_NAMES.join("|")}) command+=" $words[2]"; shift words; (( CURRENT-- )) ;; esac
  case $command in
${COMPLETABLE.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _playground_runner ]]; then
  _playground_runner "$@"
else
  compdef _playground_runner playground-runner
fi
`;
}

function secondWords(group: string): (readonly [string, string])[] {
  return membersOf(group).map((name) => [name.slice(group.length + 1), COMMANDS[name].summary]);
}

function describe(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([word, text]) => quote(`${word}:${text}`)).join(" ");
}

function commandCase({ name, argument, flags }: Completable): string {
  const specs = flags.map((flag) => {
    const text = flag.description.replaceAll(/[[\]:]/g, String.raw`\$&`);
    return quote(`${flag.repeats ? "*" : ""}--${flag.name}[${text}]${toAction(flag.values)}`);
  });
  const rest = argument.kind === "none" ? [] : [quote(`*${toAction(argument)}`)];
  return `    ${quote(name)}) _arguments ${[...specs, ...rest, "--help"].join(" ")} ;;`;
}

function toAction(values: Values): string {
  switch (values.kind) {
    case "none":
      return "";
    case "text":
      return ":value: ";
    case "files":
      return ":file:_files";
    case "choices":
      return `:value:(${values.choices.join(" ")})`;
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
