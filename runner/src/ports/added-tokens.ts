import type { StoredToken } from "./store/tokens.ts";

/** Where the added tokens are: in the store, or in a file of a daemon that shares its store with no other. */
export interface AddedTokens {
  all(): readonly StoredToken[];
  /** Resolves when `all` knows those that there are now. */
  read(): Promise<void>;
  /** Returns false and adds nothing if another token has its name. */
  add(token: StoredToken): Promise<boolean>;
  /** Returns false if no token has the name. */
  remove(name: string): Promise<boolean>;
}
