/** What a token is allowed to do. Each scope includes those before it. `--help` and /docs show the texts. */
export const SCOPES = {
  read: "view everything: jobs with their inputs and outputs, plugins, webhooks, deliveries, metrics",
  run: "also submit, cancel and retry jobs and batches",
  admin: "also change webhooks and tokens, send deliveries again and delete jobs",
} as const;

export type Scope = keyof typeof SCOPES;

export const SCOPE_NAMES = Object.keys(SCOPES) as readonly Scope[];

export function includes(granted: Scope, needed: Scope): boolean {
  return SCOPE_NAMES.indexOf(granted) >= SCOPE_NAMES.indexOf(needed);
}
