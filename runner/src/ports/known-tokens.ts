import type { Scope } from "../domain/scope.ts";

export interface Caller {
  /** Null for the daemon's own token. */
  readonly name: string | null;
  readonly scope: Scope;
}

export interface KnownTokens {
  /**
   * Returns the token's owner, or null for an unknown token. Its duration reveals nothing about the
   * tokens.
   */
  find(given: string): Caller | null;
}
