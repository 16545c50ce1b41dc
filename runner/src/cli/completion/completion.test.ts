import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { COMMAND_NAMES } from "../contract/commands.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

/** What bash offers for the last of the words. */
function offered(...words: string[]): string[] {
  const script = `${bashCompletion()}
COMP_WORDS=(playground-runner "$@"); COMP_CWORD=$#
COMPREPLY=(stale)
compopt() { echo "$2"; }
_playground_runner
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" });
  return text.trim().split("\n");
}

test.each([
  [["jo"], ["jobs"]],
  [["jobs", "re"], ["retry"]],
  [["jobs", "list", "--st"], ["--status"]],
  [
    ["jobs", "list", "--status", ""],
    ["queued", "running", "completed", "failed"],
  ],
  [["jobs", "list", "--status", "=", "f"], ["failed"]],
  [
    ["tokens", "add", "ci", "--scope", "r"],
    ["read", "run"],
  ],
  [["completion", "z"], ["zsh"]],
  [["run", "--input", ""], ["default"]],
  [["start", "--log-le"], ["--log-level"]],
])("bash completes %j with %j", (words, expected) => {
  expect(offered(...words)).toEqual(expected);
});

test("zsh and fish complete every command and every flag of a command", () => {
  const zsh = zshCompletion();
  const fish = fishCompletion();
  for (const name of COMMAND_NAMES) {
    expect(zsh).toContain(`'${name}') _arguments `);
    const [last = ""] = name.split(" ").slice(-1);
    expect(fish).toMatch(new RegExp(`-a ${last} -d '`));
  }
  expect(zsh).toContain(
    "'*--status[Only jobs with this status.]:value:(queued running completed failed)'",
  );
  expect(fish).toContain(
    "-n '__playground_runner_after jobs logs' -l follow -s f -d 'Goes on until the job has ended.'",
  );
});
