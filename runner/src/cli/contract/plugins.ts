/** Commands that run plugins or describe them. */
import { defineCommand } from "../command-contract.ts";
import { CONNECTION } from "./remote-flags.ts";
import { RETRY } from "./retry-flags.ts";

export const plugins = defineCommand({
  topic: "plugins",
  summary: "Lists the plugins with name, version, source and description.",
  description: "Without `--remote`, it reads the plugins folder itself and needs no daemon.",
  flags: {
    remote: { description: "Lists the plugins of a running daemon." },
    url: CONNECTION.url,
    json: { description: "Prints the list as JSON, with schemas and examples." },
  },
  hasSettings: true,
  examples: [
    { command: "plugins", does: "The plugins that a daemon started here would have." },
    { command: "plugins --remote", does: "Those that the running daemon has." },
  ],
});

export const run = defineCommand({
  topic: "plugins",
  summary: "Runs one plugin, without a daemon or, with `--remote`, as a job of a running one.",
  description:
    "Logs and progress go to stderr, the output goes to stdout as JSON. Without `--input`, the plugin's example is used.",
  arguments: { PLUGIN: { what: "a plugin's name" } },
  flags: {
    input: { value: "FILE", description: "JSON file with the input. `-` is standard input." },
    options: { value: "FILE", description: "JSON file with the plugin's options." },
    remote: { description: "Submits a job to a running daemon and follows it." },
    url: CONNECTION.url,
    name: { value: "NAME", description: "With `--remote`: the job's name." },
    tag: {
      value: "TAG",
      repeats: true,
      description: "With `--remote`: a tag of the job. Repeat it for several.",
    },
    attempts: {
      ...RETRY.attempts,
      description: `With \`--remote\`: how often the plugin runs until the job fails, the first time included. Without it, the plugin's own policy applies.`,
    },
    "retry-delay": RETRY["retry-delay"],
    "dedupe-key": {
      value: "KEY",
      description:
        "With `--remote`: a key that one job of the plugin has at a time. If a job has it, that one is followed, and none is submitted.",
    },
    "dedupe-while": {
      value: "SPAN",
      choices: ["queued", "active"],
      description: "With `--dedupe-key`: until when the job has the key. Default: active.",
    },
    "dedupe-ttl": {
      value: "DURATION",
      description:
        "With `--dedupe-key`, in place of `--dedupe-while`: how long the job has the key, such as 10m.",
    },
    "debounce-key": {
      value: "KEY",
      description: "With `--remote`: a key whose requests become one job, which waits for more.",
    },
    "debounce-delay": {
      value: "DURATION",
      description: "With `--debounce-key`: how long the job waits after the newest request.",
    },
    "debounce-max": {
      value: "DURATION",
      description: "With `--debounce-key`: how long it waits at most after the first request.",
    },
    "debounce-mode": {
      value: "MODE",
      choices: ["last", "first"],
      description: "With `--debounce-key`: which request the job is made of. Default: last.",
    },
    "debounce-collect": {
      value: "POINTER",
      description:
        "With `--debounce-key`: JSON Pointer to an array in the input, such as /items. The job gets the items of all requests.",
    },
    detach: {
      short: "d",
      description: "With `--remote`: prints the job's id and does not wait until it ends.",
    },
  },
  hasSettings: true,
  examples: [
    { command: "run json-query", does: "Runs the plugin on its own example." },
    { command: "run csv-profile --input input.json", does: "Runs it on an input of yours." },
    {
      command: "run --remote csv-profile --input input.json > output.json",
      does: "Runs it as a durable job of the running daemon.",
    },
    {
      command: "run --remote csv-profile --input input.json --attempts 5 --retry-delay 10s",
      does: "Runs it up to five times, after waits of 10, 20, 40 and 80 s.",
    },
    {
      command: "run --remote csv-profile --input input.json --dedupe-key monday --dedupe-ttl 1h",
      does: "Submits it, or follows the job that was submitted with the key within the last hour.",
    },
  ],
});
