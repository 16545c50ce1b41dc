import type { Given } from "../command-contract.ts";
import type { completion as contract } from "../contract/shell.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export async function printCompletion(given: Given<typeof contract>): Promise<number> {
  process.stdout.write(SCRIPTS[given.arguments.SHELL]());
  return 0;
}
