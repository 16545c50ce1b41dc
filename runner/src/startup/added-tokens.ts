import type { Settings } from "../config.ts";
import { Defect } from "../domain/errors.ts";
import type { AddedTokens } from "../ports/added-tokens.ts";
import { createTokenFile } from "../secrets/token-file.ts";
import { watchTokenFile } from "../secrets/watched-token-file.ts";

/**
 * The tokens beside the daemon's own. Daemons that share a database share its tokens. One with an SQLite
 * file has them in a file, which the command line changes while it runs. Throws `CannotStart`.
 */
export function openAddedTokens(
  { databaseUrl }: Pick<Settings, "databaseUrl">,
  parts: {
    readonly dataDir: string;
    /** Null if they are not there. */
    readonly inStore: () => AddedTokens | null;
    readonly onError: (error: unknown) => void;
  },
): AddedTokens {
  const { dataDir } = parts;
  if (databaseUrl === undefined) return { ...createTokenFile(dataDir), all: watchTokenFile(parts) };
  const inStore = (): AddedTokens => {
    const tokens = parts.inStore();
    if (tokens === null) throw new Defect("NO_TOKEN_STORE", "The store has no tokens.");
    return tokens;
  };
  return {
    all: () => inStore().all(),
    add: (token) => inStore().add(token),
    remove: (name) => inStore().remove(name),
    read: () => inStore().read(),
  };
}
