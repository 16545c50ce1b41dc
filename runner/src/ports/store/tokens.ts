import type { Scope } from "../../domain/scope.ts";

/** A token of the API. Nobody can read the token itself from what is stored. */
export interface StoredToken {
  readonly name: string;
  readonly scope: Scope;
  /** The token's SHA-256, in hex. */
  readonly sha256: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** What daemons that share a store have in it. A daemon that is alone has its tokens in a file. */
export interface TokenStore {
  /** Returns false and stores nothing if another token has its name. */
  addToken(token: StoredToken): Promise<boolean>;
  /** Returns false if no token has the name. */
  removeToken(name: string): Promise<boolean>;
  /** Returns all tokens, the oldest first. */
  tokens(): Promise<readonly StoredToken[]>;
}
