import { defineCommand } from "../command-contract.ts";
import { ACTING, SHOWING } from "./remote-flags.ts";

const NAME = { what: "a secret's name" };

export const listSecrets = defineCommand({
  topic: "remote",
  summary: "Lists the secrets of plugins, without their values.",
  flags: SHOWING,
  examples: [{ command: "secrets", does: "Which are set, and which plugins miss one." }],
});

export const setSecret = defineCommand({
  topic: "remote",
  summary: "Sets a secret of plugins.",
  description:
    "Reads the value from standard input or from a file, because other users of the machine can see a process's arguments. On a terminal it asks for the value and does not show it. A line break at its end is left out. Running daemons use it from the next step on.",
  arguments: { NAME },
  flags: {
    "value-file": { value: "FILE", description: "File with the value. Default: standard input." },
    ...ACTING,
  },
  examples: [
    { command: "secrets set OPENAI_API_KEY --value-file key.txt", does: "From a file." },
    { command: "secrets set OPENAI_API_KEY", does: "From the terminal or a pipe." },
  ],
});

export const removeSecrets = defineCommand({
  topic: "remote",
  summary: "Removes secrets of plugins.",
  arguments: { NAME: { ...NAME, repeats: true } },
  flags: ACTING,
  examples: [
    { command: "secrets remove OPENAI_API_KEY", does: "Jobs that need it wait from now on." },
  ],
});
