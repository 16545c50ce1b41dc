import { expect, test } from "vitest";
import type { StoredToken } from "../../src/ports/store/tokens.ts";
import { useStore, type CreateSubject } from "./subject.ts";

function tokenOf(name: string): StoredToken {
  return { name, scope: "run", sha256: "0f".repeat(32), createdAt: "2026-11-23T09:30:00.000Z" };
}

export function tokenConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  test("tokens are read in the order in which they were added, also after the store was reopened", async () => {
    const added = ["b", "a", "c"].map(tokenOf);
    for (const token of added) expect(await t.store.addToken(token)).toBe(true);
    await t.reopen();
    expect(await t.store.tokens()).toEqual(added);
  });

  test("of two tokens with one name the first is kept", async () => {
    const other = { ...tokenOf("a"), scope: "admin" as const };
    const both = [t.store.addToken(tokenOf("a")), t.store.addToken(other)];
    expect(await Promise.all(both)).toEqual([true, false]);
    expect(await t.store.tokens()).toEqual([tokenOf("a")]);
  });

  test("a token that is removed is gone, and its name is free", async () => {
    await t.store.addToken(tokenOf("a"));
    expect(await t.store.removeToken("a")).toBe(true);
    expect(await t.store.removeToken("a")).toBe(false);
    expect(await t.store.tokens()).toEqual([]);
    expect(await t.store.addToken(tokenOf("a"))).toBe(true);
  });
}
