import type { StoredToken, TokenStore } from "../../src/ports/store/tokens.ts";

/** For the tests of daemons that share a store. Those of the real one are in test/postgres. */
export function createMemoryTokens(): TokenStore {
  const stored = new Map<string, StoredToken>();
  return {
    async addToken(token) {
      if (stored.has(token.name)) return false;
      stored.set(token.name, token);
      return true;
    },
    removeToken: async (name) => stored.delete(name),
    tokens: async () => [...stored.values()],
  };
}
