import type { Scope } from "../domain/scope.ts";

export interface Caller {
  /** Null for the daemon's own token. */
  readonly name: string | null;
  readonly scope: Scope;
}

export interface KnownTokens {
  /** Whose token it is, found in a time that tells nothing of the tokens; null when it is nobody's. */
  find(given: string): Caller | null;
}
