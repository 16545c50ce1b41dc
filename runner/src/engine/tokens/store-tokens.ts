import type { AddedTokens } from "../../ports/added-tokens.ts";
import type { StoredToken, TokenStore } from "../../ports/store/tokens.ts";
import type { Messages } from "../bus/messages.ts";

/**
 * The tokens in the store. `all` returns them without a read, because each request looks for its token. A
 * change by another daemon is known when it is told, or within a second. While the store cannot be read,
 * what was known last stays: a request could change nothing then.
 */
export function createStoreTokens(deps: {
  store: TokenStore;
  messages: Pick<Messages, "publish">;
}): AddedTokens {
  const { store, messages } = deps;
  let known: readonly StoredToken[] = [];
  let changes = 0;

  function change(to: readonly StoredToken[]): void {
    known = to;
    changes += 1;
    messages.publish({ kind: "tokens" });
  }

  const without = (name: string) => known.filter((token) => token.name !== name);

  return {
    all: () => known,
    async add(token) {
      const isAdded = await store.addToken(token);
      if (isAdded) change([...without(token.name), token]);
      return isAdded;
    },
    async remove(name) {
      const isRemoved = await store.removeToken(name);
      if (isRemoved) change(without(name));
      return isRemoved;
    },
    async read() {
      const before = changes;
      const tokens = await store.tokens();
      // Read before a change of this daemon, perhaps. The change leads to another read.
      if (changes === before) known = tokens;
    },
  };
}
