import { describe, expect, test } from "vitest";
import { SETTING_NAMES } from "../config.ts";
import { COMMAND_NAMES, COMMANDS, GROUPS } from "./contract/commands.ts";
import { findCommand } from "./find-command.ts";
import { helpFor } from "./help.ts";
import type { CommandContract } from "./command-contract.ts";
import { parseCommand } from "./parse-command.ts";

const GROUPED = COMMAND_NAMES.filter((name) => name.includes(" "));

test("the first help names every command or its group", () => {
  const help = helpFor([]);
  for (const name of COMMAND_NAMES)
    expect(help).toMatch(new RegExp(`^  ${name.split(" ")[0]} `, "m"));
});

test("every group has a description, and its `list` runs without a second word", () => {
  const groups = [...new Set(GROUPED.map((name) => name.split(" ")[0] ?? ""))];
  expect(Object.keys(GROUPS).toSorted()).toEqual(groups.toSorted());
  for (const group of GROUPED.filter((name) => name.endsWith(" list"))) {
    const [word = ""] = group.split(" ");
    expect(findCommand([word, "--json"])).toEqual({ name: group, args: ["--json"] });
    expect(helpFor([word])).toContain(`playground-runner ${group}`);
  }
});

test("the help of `start` has every setting", () => {
  const help = helpFor(["start"]);
  for (const name of SETTING_NAMES) expect(help).toContain(`, ${name}`);
});

describe("the examples in the help of a command are accepted:", () => {
  test.each(COMMAND_NAMES)("%s", (name) => {
    const contract: CommandContract = COMMANDS[name];
    for (const { command } of contract.examples) {
      // What runs in a pipe: the first command, and those that begin with the program's name.
      const [first = "", ...others] = command.split(/ [|>] /);
      const commands = [
        first,
        ...others.flatMap((one) => one.split("playground-runner ").slice(1)),
      ];
      const found = commands.map((one) => findCommand(one.split(" ")));
      expect(found.at(-1)?.name).toBe(name);
      for (const { name: known, args } of found) {
        // xargs adds the arguments.
        const added = command.includes("| xargs") && known === name ? ["job_1"] : [];
        parseCommand(known, COMMANDS[known] as CommandContract, [...args, ...added]);
      }
    }
    expect(helpFor(name.split(" "))).toContain(contract.summary.slice(0, 20));
  });
});
