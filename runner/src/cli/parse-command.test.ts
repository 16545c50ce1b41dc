import { expect, test } from "vitest";
import { defineCommand } from "./command-contract.ts";
import { parseCommand } from "./parse-command.ts";

const paint = defineCommand({
  topic: "shell",
  summary: "Paints walls.",
  arguments: {
    COLOR: { what: "a color", choices: ["red", "blue"] },
    WALL: { what: "a wall", repeats: true },
  },
  flags: {
    coats: { value: "NUMBER", description: "How many." },
    size: {
      value: "SIZE",
      choices: ["small", "big"],
      isRequired: true,
      description: "Of the brush.",
    },
    tag: { value: "TAG", short: "t", repeats: true, description: "For the list." },
    dry: { description: "Only shows what it would do." },
  },
  examples: [],
});

test("arguments and flags come in any order, and each has a value of its type", () => {
  const given = parseCommand("paint", paint, [
    "-t",
    "a",
    "red",
    "--size=big",
    "w1",
    "w2",
    "--tag",
    "b",
  ]);
  const color: "red" | "blue" = given.arguments.COLOR;
  const size: "small" | "big" = given.flags.size;
  const tags: readonly string[] = given.flags.tag;
  expect({ color, size, tags }).toEqual({ color: "red", size: "big", tags: ["a", "b"] });
  expect(given.arguments.WALL).toEqual(["w1", "w2"]);
  expect(given.flags).toMatchObject({ coats: undefined, dry: false });
});

test.each([
  [["red"], "paint needs a wall: playground-runner paint red|blue WALL… --size small|big [flags]"],
  [["green", "w"], 'COLOR is "green": it must be one of red, blue.'],
  [["red", "w"], "--size is missing: it must be one of small, big."],
  [["red", "w", "--size", "huge"], '--size is "huge": it must be one of small, big.'],
  [
    ["red", "w", "--size", "-1"],
    "Option '--size' has no value. If its value begins with a dash, write --size=VALUE. `playground-runner",
  ],
  [["red", "w", "--sise", "big"], "Unknown option '--sise'. Did you mean --size?"],
  [["red", "w", "--port", "1"], "Unknown option '--port'. `playground-runner paint --help` lists"],
])("%j is refused with what is right", (args, message) => {
  expect(() => parseCommand("paint", paint, args)).toThrow(message);
});
