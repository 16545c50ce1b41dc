import { expect, test } from "vitest";
import { useStore, type CreateSubject } from "./subject.ts";

export function secretConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const at = (now: number, maxSecrets = 2) => ({ now, maxSecrets });

  test("a secret is stored with its times, also after the store was reopened", async () => {
    expect(await t.store.setSecret({ name: "B", sealed: "v2:b" }, at(10))).toBe("created");
    expect(await t.store.setSecret({ name: "A", sealed: "v2:a" }, at(20))).toBe("created");
    await t.reopen();
    const revision = expect.any(String);
    expect(await t.store.secrets()).toEqual([
      { name: "A", revision, createdAt: 20, updatedAt: 20 },
      { name: "B", revision, createdAt: 10, updatedAt: 10 },
    ]);
    expect(await t.store.sealedSecrets()).toEqual([
      { name: "A", revision, sealed: "v2:a" },
      { name: "B", revision, sealed: "v2:b" },
    ]);
  });

  test("a secret that is set again has the new value, and keeps when it was created", async () => {
    await t.store.setSecret({ name: "A", sealed: "v2:old" }, at(10));
    expect(await t.store.setSecret({ name: "A", sealed: "v2:new" }, at(30))).toBe("changed");
    expect(await t.store.secrets()).toMatchObject([{ name: "A", createdAt: 10, updatedAt: 30 }]);
    expect(await t.store.sealedSecrets()).toMatchObject([{ name: "A", sealed: "v2:new" }]);
  });

  test("each value has a revision of its own, also at one instant and after a removal", async () => {
    const seen: string[] = [];
    const see = async (): Promise<void> => {
      const [listed] = await t.store.secrets();
      const [sealed] = await t.store.sealedSecrets();
      expect(sealed?.revision).toBe(listed?.revision);
      seen.push(listed?.revision ?? "");
    };
    for (const sealed of ["v2:1", "v2:2"]) {
      await t.store.setSecret({ name: "A", sealed }, at(10));
      await see();
    }
    await t.store.removeSecret("A");
    await t.store.setSecret({ name: "A", sealed: "v2:3" }, at(10));
    await see();
    expect(new Set(seen).size).toBe(3);
  });

  test("a removed secret is gone, and one that does not exist cannot be removed", async () => {
    await t.store.setSecret({ name: "A", sealed: "v2:a" }, at(10));
    expect(await t.store.removeSecret("B")).toBe(false);
    expect(await t.store.removeSecret("A")).toBe(true);
    expect(await t.store.removeSecret("A")).toBe(false);
    expect([await t.store.secrets(), await t.store.sealedSecrets()]).toEqual([[], []]);
  });

  test("at the limit a secret can be changed, and none added", async () => {
    for (const name of ["A", "B"]) await t.store.setSecret({ name, sealed: "v2:x" }, at(10));
    expect(await t.store.setSecret({ name: "C", sealed: "v2:c" }, at(20))).toBe("limit");
    expect(await t.store.setSecret({ name: "B", sealed: "v2:b" }, at(20))).toBe("changed");
    expect((await t.store.secrets()).map(({ name }) => name)).toEqual(["A", "B"]);
  });
}
