import { defineCommand } from "../command-contract.ts";
import { SHOWING } from "./remote-flags.ts";

export const status = defineCommand({
  topic: "remote",
  summary: "Shows the state of a running daemon, and what is wrong with it.",
  description: "The exit code is 1 when one of the problems is an error.",
  flags: SHOWING,
  examples: [
    { command: "status", does: "Of the daemon whose data folder is ./data." },
    {
      command: "status --url https://jobs.example.com --token-file ~/.playground-token",
      does: "Of a daemon on another machine.",
    },
  ],
});
