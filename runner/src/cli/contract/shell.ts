import { defineCommand } from "../command-contract.ts";

export const openapi = defineCommand({
  topic: "shell",
  summary: "Prints the OpenAPI document.",
  examples: [{ command: "openapi > openapi.json", does: "Writes the document into a file." }],
});

export const completion = defineCommand({
  topic: "shell",
  summary: "Prints a script that completes commands and flags in your shell.",
  arguments: { SHELL: { what: "a shell", choices: ["bash", "zsh", "fish"] } },
  examples: [
    {
      command: "completion bash > ~/.local/share/bash-completion/completions/playground-runner",
      does: "For bash, with the package bash-completion.",
    },
    {
      command: "completion zsh > ~/.zfunc/_playground-runner",
      does: "For zsh, with a folder that `fpath` contains before `compinit`.",
    },
    {
      command: "completion fish > ~/.config/fish/completions/playground-runner.fish",
      does: "For fish.",
    },
  ],
});
