import type { Scope } from "../domain/scope.ts";

export interface ListedToken {
  readonly name: string;
  readonly scope: Scope;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The tokens that were added. The daemon's own token is not one of them. */
export interface TokenList {
  list(): Promise<readonly ListedToken[]>;
  /** Resolves to the token, which nothing stores. Throws `Refused`: TOKEN_EXISTS. */
  add(token: ListedToken): Promise<string>;
  /** Throws `Refused`: TOKEN_NOT_FOUND. */
  remove(name: string): Promise<void>;
}
