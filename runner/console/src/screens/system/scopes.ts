import type { Token } from "../../api/schema.ts";

/** What each scope allows, in words. */
export const SCOPES: Readonly<Record<Token["scope"], string>> = {
  read: "sees everything but secrets",
  run: "also submits, cancels and retries jobs",
  admin: "also changes webhooks and tokens, and deletes",
};
