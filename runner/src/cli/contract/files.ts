import { defineCommand } from "../command-contract.ts";
import { ACTING, CONNECTION, LIMIT, SHOWING } from "./remote-flags.ts";

export const uploadFile = defineCommand({
  topic: "remote",
  summary: "Uploads a file for jobs.",
  description:
    'Prints the file\'s id. A job\'s input refers to it as `{"$file": "ID"}`. The file is deleted after the retention period, but not before the last job that refers to it.',
  arguments: { FILE: { what: "a file, or - for stdin" } },
  flags: {
    name: { value: "NAME", description: "The file's name. Default: that of FILE." },
    type: {
      value: "TYPE",
      description: "The file's media type. Default: `application/octet-stream`.",
    },
    keep: { description: "Keeps the file until it is deleted." },
    ...ACTING,
  },
  examples: [{ command: "files upload people.csv --type text/csv", does: "Uploads a table." }],
});

export const listFiles = defineCommand({
  topic: "remote",
  summary: "Lists files, newest first.",
  flags: {
    job: {
      value: "JOB",
      description: "Only files that this job wrote, or that its input or options refer to.",
    },
    ...LIMIT,
    ...SHOWING,
  },
  examples: [
    { command: "files list --job job_01k9zr0000000000000000000", does: "The files of a job." },
  ],
});

export const downloadFile = defineCommand({
  topic: "remote",
  summary: "Downloads a file.",
  arguments: { ID: { what: "a file's id" } },
  flags: {
    to: {
      value: "FILE",
      description:
        "Where to store it, or `-` for stdout. Default: the file's name, in the current folder. An existing file is replaced only with `--force`.",
    },
    force: { description: "Replaces an existing FILE." },
    ...CONNECTION,
  },
  examples: [
    {
      command: "files download file_01k9zr00000000000000000000 --to report.pdf",
      does: "Stores the file as report.pdf.",
    },
  ],
});

export const deleteFiles = defineCommand({
  topic: "remote",
  summary: "Deletes files that no job needs.",
  arguments: { ID: { what: "a file's id", repeats: true } },
  flags: ACTING,
  examples: [
    { command: "files delete file_01k9zr00000000000000000000", does: "Deletes the file." },
  ],
});
