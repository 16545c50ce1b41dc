/** What a token may do; each includes those before it. The texts are shown by `--help` and /docs. */
export const SCOPES = {
  read: "look at everything: jobs with their inputs and outputs, plugins, webhooks, deliveries, metrics",
  run: "submit, cancel and retry jobs and batches as well",
  admin: "change webhooks and send deliveries again as well",
} as const;

export type Scope = keyof typeof SCOPES;

export const SCOPE_NAMES = Object.keys(SCOPES) as readonly Scope[];

export function includes(held: Scope, needed: Scope): boolean {
  return SCOPE_NAMES.indexOf(held) >= SCOPE_NAMES.indexOf(needed);
}
