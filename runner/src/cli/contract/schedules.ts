import { CATCH_UPS, OVERLAPS } from "../../domain/schedule.ts";
import { defineCommand } from "../command-contract.ts";
import { ACTING, LIMIT, SHOWING } from "./remote-flags.ts";
import { RETRY } from "./retry-flags.ts";

const KEY = { what: "a schedule's key" };

export const listSchedules = defineCommand({
  topic: "remote",
  summary: "Lists schedules, oldest first.",
  flags: { ...LIMIT, ...SHOWING },
  examples: [
    { command: "schedules", does: "When each runs next, and what became of the last time." },
  ],
});

export const showSchedule = defineCommand({
  topic: "remote",
  summary: "Shows a schedule and what became of its slots.",
  arguments: { KEY },
  flags: { ...LIMIT, ...SHOWING },
  examples: [{ command: "schedules show nightly", does: "Why it did not run, too." }],
});

/** What a schedule has besides its job. */
const SETTINGS = {
  cron: {
    value: "CRON",
    description:
      'Five fields, in quotes: minute, hour, day of the month, month, day of the week. `--cron "30 2 * * *"` is half past two each night.',
  },
  every: {
    value: "DURATION",
    description: "The time between two slots, at least a second: `90s`, `30m`, `2h` or `7d`.",
  },
  at: { value: "TIME", description: "One slot, such as `2026-12-24T18:00:00Z`." },
  timezone: { value: "ZONE", description: "The IANA name of the time zone of `--cron`." },
  overlap: {
    value: "POLICY",
    choices: OVERLAPS,
    description: "What becomes of a slot while a job of the schedule runs.",
  },
  "catch-up": {
    value: "POLICY",
    choices: CATCH_UPS,
    description: "What becomes of slots that passed while no daemon was up.",
  },
  "catch-up-window": {
    value: "DURATION",
    description: "Slots that are later than this are not caught up.",
  },
  jitter: { value: "DURATION", description: "Makes each job up to this much later than its slot." },
  "pause-on-failures": {
    value: "NUMBER",
    range: [0, 1_000],
    description: "This many failures in a row pause the schedule. 0: none do.",
  },
} as const;

const PLUGIN = {
  value: "PLUGIN",
  repeats: true,
  description: "Runs this plugin, in this order.",
} as const;
const INPUT = {
  value: "FILE",
  description: "JSON file with the input. `-` is standard input.",
} as const;
const NAME = { value: "NAME", description: "The name of its jobs." } as const;

export const createSchedule = defineCommand({
  topic: "remote",
  summary: "Creates a schedule, or replaces the one with this key.",
  description:
    "Give one of `--cron`, `--every` and `--at`, and the job with `--plugin` or `--job`. What is left out has its default, also if the schedule exists: `--timezone UTC`, `--overlap skip`, `--catch-up latest` and `--catch-up-window 1h`.",
  arguments: { KEY },
  flags: {
    ...SETTINGS,
    plugin: PLUGIN,
    input: INPUT,
    name: NAME,
    ...RETRY,
    job: {
      value: "FILE",
      description:
        "JSON file with the whole job, as for `POST /v1/jobs`, in place of `--plugin` and the other flags of the job. `-` is standard input.",
    },
    ...ACTING,
  },
  examples: [
    {
      command: "schedules create poll --every 15m --plugin csv-profile --input input.json",
      does: "Each quarter of an hour.",
    },
    {
      command:
        "schedules create spread --every 1h --jitter 5m --job job.json --pause-on-failures 3",
      does: "Each hour, within five minutes, until it has failed three times in a row.",
    },
  ],
});

export const updateSchedule = defineCommand({
  topic: "remote",
  summary: "Changes what the flags name of a schedule. All else stays.",
  description: "One of `--cron`, `--every` and `--at` replaces the other.",
  arguments: { KEY },
  flags: {
    ...SETTINGS,
    plugin: { ...PLUGIN, description: "Runs this plugin, in this order, without options." },
    input: INPUT,
    name: NAME,
    ...RETRY,
    job: {
      value: "FILE",
      description:
        "JSON file with the fields of the job that change, in place of `--plugin` and the other flags of the job. `-` is standard input.",
    },
    ...ACTING,
  },
  examples: [
    { command: "schedules update poll --every 2h", does: "Each two hours, with its old job." },
    { command: "schedules update poll --input input.json", does: "With another input." },
    {
      command: "schedules update poll --attempts 3 --retry-delay 1m",
      does: "Its steps run up to three times from now on.",
    },
  ],
});

export const pauseSchedules = defineCommand({
  topic: "remote",
  summary: "Pauses schedules: their slots are skipped.",
  arguments: { KEY: { ...KEY, repeats: true } },
  flags: ACTING,
  examples: [{ command: "schedules pause nightly", does: "Until it is resumed." }],
});

export const resumeSchedules = defineCommand({
  topic: "remote",
  summary: "Resumes schedules at their first slot after now.",
  arguments: { KEY: { ...KEY, repeats: true } },
  flags: ACTING,
  examples: [{ command: "schedules resume nightly", does: "What passed is not caught up." }],
});

export const runSchedule = defineCommand({
  topic: "remote",
  summary: "Makes a job of a schedule now, and prints its id.",
  arguments: { KEY },
  flags: ACTING,
  examples: [{ command: "schedules run nightly", does: "Without waiting for the night." }],
});

export const deleteSchedules = defineCommand({
  topic: "remote",
  summary: "Deletes schedules. Their jobs stay.",
  arguments: { KEY: { ...KEY, repeats: true } },
  flags: ACTING,
  examples: [{ command: "schedules delete nightly", does: "Its slots are deleted too." }],
});

export const nextSlots = defineCommand({
  topic: "remote",
  summary: "Lists the next slots of a schedule.",
  arguments: { KEY },
  flags: {
    limit: {
      value: "NUMBER",
      range: [1, 100],
      description: "How many to show. Default: 5.",
    },
    ...SHOWING,
  },
  examples: [{ command: "schedules next nightly", does: "In the schedule's time zone." }],
});
