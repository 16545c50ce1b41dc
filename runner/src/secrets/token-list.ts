import { randomBytes } from "node:crypto";
import { Refused } from "../domain/errors.ts";
import type { AddedTokens } from "../ports/added-tokens.ts";
import type { TokenList } from "../ports/token-list.ts";
import { digestOf } from "./token-file.ts";

/** The tokens as the API and the command line show and change them. */
export function createTokenList(tokens: AddedTokens): TokenList {
  return {
    list: async () =>
      tokens.all().map(({ name, scope, createdAt }) => ({ name, scope, createdAt })),
    async add({ name, scope, createdAt }) {
      const token = `pg_${randomBytes(32).toString("base64url")}`;
      const sha256 = digestOf(token).toString("hex");
      if (await tokens.add({ name, scope, sha256, createdAt })) return token;
      const detail = `A token with the name "${name}" exists: remove it or choose another name.`;
      throw new Refused("TOKEN_EXISTS", detail);
    },
    async remove(name) {
      if (await tokens.remove(name)) return;
      const names = tokens.all().map((one) => one.name);
      const right =
        names.length === 0 ? "There are no added tokens" : `It must be one of ${names.join(", ")}`;
      throw new Refused("TOKEN_NOT_FOUND", `No token has the name "${name}". ${right}.`);
    },
  };
}
