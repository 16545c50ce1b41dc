import type { StoredToken, TokenStore } from "../../ports/store/tokens.ts";
import type { Query } from "./reader.ts";

/** Each change is one statement, and rare: it needs no write group. */
export function createTokenStore(query: Query): TokenStore {
  return {
    async addToken({ name, scope, sha256, createdAt }) {
      const added = await query(
        `INSERT INTO tokens (name, scope, sha256, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO NOTHING RETURNING name`,
        [name, scope, sha256, createdAt],
      );
      return added.length > 0;
    },
    async removeToken(name) {
      const removed = await query(`DELETE FROM tokens WHERE name = $1 RETURNING name`, [name]);
      return removed.length > 0;
    },
    tokens: () =>
      query<StoredToken>(
        `SELECT name, scope, sha256, created_at AS "createdAt" FROM tokens ORDER BY seq`,
      ),
  };
}
