/** The tokens of daemons that share a database. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoredToken, TokenStore } from "../../src/ports/store/tokens.ts";
import {
  createPostgresStore,
  type PostgresStore,
} from "../../src/store/postgres/postgres-store.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

let schema: Schema;
let stores: readonly PostgresStore[];

const open = () => createPostgresStore({ url: schema.url, schema: schema.name });

beforeEach(async () => {
  schema = await createSchema();
  stores = await Promise.all([open(), open()]);
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await schema.release();
});

const tokenStores = () => stores.map(({ tokenStore }) => tokenStore) as [TokenStore, TokenStore];

function tokenOf(name: string): StoredToken {
  return { name, scope: "run", sha256: "0f".repeat(32), createdAt: "2026-11-23T09:30:00.000Z" };
}

test("tokens are read in the order in which they were added, by all daemons", async () => {
  const [one, two] = tokenStores();
  const added = ["b", "a", "c"].map(tokenOf);
  for (const token of added) expect(await one.addToken(token)).toBe(true);
  expect(await two.tokens()).toEqual(added);
});

test("of two tokens with one name the first is kept", async () => {
  const [one, two] = tokenStores();
  const other = { ...tokenOf("a"), scope: "admin" as const };
  const added = await Promise.all([one.addToken(tokenOf("a")), two.addToken(other)]);
  expect(new Set(added)).toEqual(new Set([true, false]));
  const kept = added[0] ? tokenOf("a") : other;
  for (const each of [one, two]) expect(await each.tokens()).toEqual([kept]);
});

test("a token that is removed is gone, and its name is free", async () => {
  const [one, two] = tokenStores();
  await one.addToken(tokenOf("a"));
  expect(await two.removeToken("a")).toBe(true);
  expect(await one.removeToken("a")).toBe(false);
  expect(await one.tokens()).toEqual([]);
  expect(await one.addToken(tokenOf("a"))).toBe(true);
});
