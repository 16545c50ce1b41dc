import { expect, test } from "vitest";
import type { StoredToken } from "../../ports/store/tokens.ts";
import { createStoreTokens } from "./store-tokens.ts";

const TOKEN: StoredToken = {
  name: "ci",
  scope: "run",
  sha256: "0f".repeat(32),
  createdAt: "2026-11-23T09:30:00.000Z",
};

test("a read that began before a token was removed does not bring it back", async () => {
  const read = Promise.withResolvers<readonly StoredToken[]>();
  const told: string[] = [];
  const tokens = createStoreTokens({
    store: {
      tokens: () => read.promise,
      addToken: async () => true,
      removeToken: async () => true,
    },
    messages: { publish: ({ kind }) => void told.push(kind) },
  });
  await tokens.add(TOKEN);
  const reading = tokens.read();
  await tokens.remove("ci");
  read.resolve([TOKEN]);
  await reading;
  expect(tokens.all()).toEqual([]);
  // Each leads to another read.
  expect(told).toEqual(["tokens", "tokens"]);
});
