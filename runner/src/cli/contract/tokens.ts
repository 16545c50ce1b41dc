/** Commands that change the API tokens in the data folder. */
import { SCOPE_NAMES, SCOPES } from "../../domain/scope.ts";
import { defineCommand } from "../command-contract.ts";

const NAME = { what: "a name" };

export const addToken = defineCommand({
  topic: "daemon",
  summary: "Creates another API token and prints it once.",
  description: "A running daemon accepts it immediately.",
  arguments: { NAME },
  flags: {
    scope: {
      value: "SCOPE",
      choices: SCOPE_NAMES,
      isRequired: true,
      description: `What the token can do. ${SCOPE_NAMES.map((name) => `\`${name}\`: ${SCOPES[name]}.`).join(" ")}`,
    },
  },
  hasSettings: true,
  examples: [{ command: "tokens add ci --scope run", does: "A token that submits jobs." }],
});

export const listTokens = defineCommand({
  topic: "daemon",
  summary: "Lists the added tokens with name, scope and time.",
  hasSettings: true,
  examples: [],
});

export const removeToken = defineCommand({
  topic: "daemon",
  summary: "Removes the token.",
  description: "A running daemon refuses it immediately.",
  arguments: { NAME },
  hasSettings: true,
  examples: [{ command: "tokens remove ci", does: "Removes the token `ci`." }],
});
