/** Commands for plugin authors. */
import { defineCommand } from "../command-contract.ts";

export const newPlugin = defineCommand({
  topic: "plugins",
  summary: "Creates a plugin with a test, in a folder of the plugins folder.",
  arguments: { NAME: { what: "a name for the plugin, such as word-count" } },
  hasSettings: true,
  examples: [{ command: "new word-count", does: "Creates plugins/word-count." }],
});

export const dev = defineCommand({
  topic: "plugins",
  summary: "Starts the daemon and runs each plugin that you save.",
  description:
    "A plugin runs as a job, on its own example. Logs are shown as text, not as JSON. With PLUGIN, only that plugin runs, at the start as well.",
  arguments: { PLUGIN: { what: "a plugin's name", isOptional: true } },
  flags: {
    input: {
      value: "FILE",
      description: "JSON file with the input, in place of the example's. It is read for each run.",
    },
  },
  hasSettings: true,
  examples: [
    { command: "dev", does: "Runs each plugin that you save." },
    { command: "dev word-count --input input.json", does: "Runs one plugin on an input of yours." },
  ],
});

export const addPlugin = defineCommand({
  topic: "plugins",
  summary: "Installs a plugin from npm into the plugins folder.",
  description:
    "A running daemon loads it. Its folder has a lock file that pins every package, and no install script runs. The same command with another version replaces the plugin, also with an older one. A package that does not load as a plugin changes nothing.",
  arguments: { PACKAGE: { what: "an npm package, such as my-plugin@1.2.0" } },
  hasSettings: true,
  examples: [{ command: "plugin add my-plugin@1.2.0", does: "Installs this version." }],
});

export const removePlugin = defineCommand({
  topic: "plugins",
  summary: "Removes a plugin that `plugin add` has installed.",
  arguments: { NAME: { what: "a plugin's name" } },
  hasSettings: true,
  examples: [{ command: "plugin remove my-plugin", does: "Deletes its folder." }],
});
