import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkVault } from "./check-vault.ts";
import { createSealedContents } from "../engine/webhooks/sealed-contents.ts";
import { NOTHING_SEALED } from "../domain/webhook.ts";
import { createVault, loadVaultKey } from "./vault.ts";

const vault = createVault(Buffer.alloc(32, 1));
const other = createVault(Buffer.alloc(32, 2));

describe("a sealed value", () => {
  test("opens to its original text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => vault.open(vault.seal(text)) === text),
    );
  });

  test("hides the text and differs each time", () => {
    const sealed = vault.seal("Bearer my-token");
    expect(Buffer.from(sealed.slice(3), "base64").toString("latin1")).not.toContain("my-token");
    expect(vault.seal("Bearer my-token")).not.toBe(sealed);
  });

  test("does not open with another key", () => {
    expect(() => other.open(vault.seal("text"))).toThrow(/another key, or was changed/);
  });

  test("does not open when a byte was changed or cut off", () => {
    const bytes = Buffer.from(vault.seal("text").slice(3), "base64");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => vault.open(`v1:${changed.toString("base64")}`)).toThrow(/was changed/);
      const cut = bytes.subarray(0, at).toString("base64");
      expect(() => vault.open(`v1:${cut}`)).toThrow(/was changed/);
    }
  });
});

describe("the key", () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "playground-vault-"))));
  afterEach(() => rm(folder, { recursive: true }));

  test("is created once, readable only by its owner, and used again at the next start", async () => {
    const made = await loadVaultKey(folder, undefined);
    expect(made).toHaveLength(32);
    expect((await stat(join(folder, "secret-key"))).mode & 0o777).toBe(0o600);
    expect(await loadVaultKey(folder, undefined)).toEqual(made);
  });

  test("is used when it is given, and no file is written", async () => {
    const given = Buffer.alloc(32, 7);
    expect(await loadVaultKey(folder, given.toString("base64"))).toEqual(given);
    await expect(readFile(join(folder, "secret-key"))).rejects.toThrow(/ENOENT/);
  });

  test.each(["", "not a key", Buffer.alloc(31).toString("base64")])(
    "in a file that contains %j stops the start with the path of the file",
    async (text) => {
      await writeFile(join(folder, "secret-key"), text);
      await expect(loadVaultKey(folder, undefined)).rejects.toThrow(
        /secret-key does not contain a key/,
      );
    },
  );
});

describe("the check at the start", () => {
  function storeOf(meta: Map<string, string>) {
    return {
      meta: async (key: string) => meta.get(key) ?? null,
      setMeta: async (key: string, value: string) => void meta.set(key, value),
    };
  }

  test("passes with the key that the store was encrypted with", async () => {
    const store = storeOf(new Map());
    await checkVault(store, vault);
    await checkVault(store, vault);
  });

  test("stops the start with another key and says what to do", async () => {
    const store = storeOf(new Map());
    await checkVault(store, vault);
    await expect(checkVault(store, other)).rejects.toThrow(/Restore the original key/);
  });
});

describe("contents of a webhook", () => {
  const contents = { headers: { Authorization: "Bearer x" }, secret: "whsec_x", previous: null };

  test("open unchanged, also in another process", () => {
    const sealed = createSealedContents(vault).seal(contents);
    expect(createSealedContents(vault).open(sealed)).toEqual(contents);
  });

  test("are null when there is nothing to seal", () => {
    const contentsOf = createSealedContents(vault);
    expect(contentsOf.seal(NOTHING_SEALED)).toBeNull();
    expect(contentsOf.open(null)).toEqual(NOTHING_SEALED);
  });

  test("are decrypted once for many reads, and the cache is bounded", () => {
    let opened = 0;
    const counting = createSealedContents({
      seal: (plain) => vault.seal(plain),
      open(sealed) {
        opened += 1;
        return vault.open(sealed);
      },
    });
    const first = counting.seal(contents);
    for (let n = 0; n < 3; n += 1) counting.open(first);
    expect(opened).toBe(1);
    for (let n = 0; n < 1_000; n += 1)
      counting.open(counting.seal({ ...contents, secret: `${n}` }));
    counting.open(first);
    expect(opened).toBe(1_002);
  });
});
