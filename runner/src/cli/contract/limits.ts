import { MAX_BURST } from "../../domain/limit-rate.ts";
import { MAX_CONCURRENCY, MAX_LIMIT_QUEUED } from "../../domain/plugin-limits.ts";
import { defineCommand } from "../command-contract.ts";
import { ACTING, SHOWING } from "./remote-flags.ts";

const NAME = { what: "a limit's name" };

const KEY = { value: "KEY", description: "Only the jobs with this key." } as const;

export const listLimits = defineCommand({
  topic: "remote",
  summary: "Lists the limits of plugins, and how they are used.",
  flags: SHOWING,
  examples: [{ command: "limits", does: "How many jobs run and wait, and what is paused." }],
});

export const showLimit = defineCommand({
  topic: "remote",
  summary: "Shows a limit, and the keys that wait or are paused.",
  arguments: { NAME },
  flags: SHOWING,
  examples: [{ command: "limits show visit", does: "What the plugins declare, too." }],
});

export const setLimit = defineCommand({
  topic: "remote",
  summary: "Sets numbers in place of those that plugins declare.",
  description:
    "They replace all that were set before: what no flag names counts as the plugins declare it. They hold for all daemons and over restarts, until `limits reset`. Jobs that run go on.",
  arguments: { NAME },
  flags: {
    concurrency: {
      value: "NUMBER",
      range: [1, MAX_CONCURRENCY],
      description: "How many steps run at the same time.",
    },
    rate: {
      value: "RATE",
      description: "How many steps begin in a second, a minute or an hour, such as `10/s`.",
    },
    burst: {
      value: "NUMBER",
      range: [1, MAX_BURST],
      description: "How many steps can begin at once after a quiet time.",
    },
    "key-concurrency": {
      value: "NUMBER",
      range: [1, MAX_CONCURRENCY],
      description: "How many steps of jobs with one key run at the same time.",
    },
    "key-rate": { value: "RATE", description: "The rate of the steps of jobs with one key." },
    "key-burst": {
      value: "NUMBER",
      range: [1, MAX_BURST],
      description: "The burst of the steps of jobs with one key.",
    },
    "max-queued": {
      value: "NUMBER",
      range: [1, MAX_LIMIT_QUEUED],
      description: "How many jobs wait before more are refused.",
    },
    ...ACTING,
  },
  examples: [
    { command: "limits set visit --concurrency 3", does: "Fewer jobs at the same time." },
    {
      command: "limits set visit --rate 100/m --burst 5 --key-rate 1/s",
      does: "A rate in all, and for each key.",
    },
  ],
});

export const resetLimit = defineCommand({
  topic: "remote",
  summary: "Removes the numbers that were set: those of the plugins count again.",
  arguments: { NAME },
  flags: ACTING,
  examples: [{ command: "limits reset visit", does: "As its plugins declare it." }],
});

export const pauseLimit = defineCommand({
  topic: "remote",
  summary: "Pauses a limit: its jobs wait in the queue.",
  description:
    "Without `--for` and `--until`, until it is resumed. Steps that run go on. A new pause replaces the one before.",
  arguments: { NAME },
  flags: {
    key: KEY,
    for: { value: "DURATION", description: "How long: `90s`, `30m`, `2h` or `7d`." },
    until: { value: "TIME", description: "When it ends, such as `2026-12-24T18:00:00Z`." },
    ...ACTING,
  },
  examples: [
    { command: "limits pause visit", does: "Until it is resumed." },
    { command: "limits pause visit --key a.example --for 10m", does: "One key, for ten minutes." },
  ],
});

export const resumeLimit = defineCommand({
  topic: "remote",
  summary: "Ends the pause of a limit, or of one of its keys.",
  arguments: { NAME },
  flags: { key: { ...KEY, description: "Only the pause of this key." }, ...ACTING },
  examples: [
    { command: "limits resume visit", does: "The pauses of its keys stay." },
    { command: "limits resume visit --key a.example", does: "Only that of a key." },
  ],
});
