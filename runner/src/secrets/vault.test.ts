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
const ROW = "wh_1";
const other = createVault(Buffer.alloc(32, 2));

describe("a sealed value", () => {
  test("opens to its original text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        (text) => vault.open(vault.seal(text, ROW), ROW) === text,
      ),
    );
  });

  test("hides the text and differs each time", () => {
    const sealed = vault.seal("Bearer my-token", ROW);
    expect(Buffer.from(sealed.slice(3), "base64").toString("latin1")).not.toContain("my-token");
    expect(vault.seal("Bearer my-token", ROW)).not.toBe(sealed);
  });

  test("does not open with another key", () => {
    expect(() => other.open(vault.seal("text", ROW), ROW)).toThrow(
      /another key or for another row, or was changed/,
    );
  });

  test("does not open in another row, also when it was opened in its own", () => {
    expect(() => vault.open(vault.seal("text", ROW), "wh_2")).toThrow(/for another row/);
    const contents = createSealedContents(vault);
    const sealed = contents.seal({ ...NOTHING_SEALED, secret: "whsec_x" }, ROW);
    expect(contents.open(sealed, ROW).secret).toBe("whsec_x");
    expect(() => contents.open(sealed, "wh_2")).toThrow(/for another row/);
    // Nor as a value of an earlier version, which was not bound.
    expect(() => vault.open(sealed?.replace("v2:", "v1:") ?? "", ROW)).toThrow(/was changed/);
  });

  test("of an earlier version opens in any row", () => {
    const sealed = "v1:AwMDAwMDAwMDAwMD/RqBwKxtEBzxZESwfka5Q7oEdeia9hcE1NGSCKd8Sg==";
    expect(vault.open(sealed, ROW)).toBe("Bearer my-token");
  });

  test("does not open when a byte was changed or cut off", () => {
    const bytes = Buffer.from(vault.seal("text", ROW).slice(3), "base64");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => vault.open(`v2:${changed.toString("base64")}`, ROW)).toThrow(/was changed/);
      const cut = bytes.subarray(0, at).toString("base64");
      expect(() => vault.open(`v2:${cut}`, ROW)).toThrow(/was changed/);
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
      addMeta: async (key: string, value: string) => {
        if (!meta.has(key)) meta.set(key, value);
        return meta.get(key) ?? value;
      },
    };
  }

  test("passes with the key that the store was encrypted with", async () => {
    const store = storeOf(new Map());
    await checkVault(store, vault);
    await checkVault(store, vault);
  });

  test("stops one of two first starts at the same time with different keys", async () => {
    const store = storeOf(new Map());
    const starts = await Promise.allSettled([checkVault(store, vault), checkVault(store, other)]);
    expect(starts.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
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
    const sealed = createSealedContents(vault).seal(contents, ROW);
    expect(createSealedContents(vault).open(sealed, ROW)).toEqual(contents);
  });

  test("are null when there is nothing to seal", () => {
    const contentsOf = createSealedContents(vault);
    expect(contentsOf.seal(NOTHING_SEALED, ROW)).toBeNull();
    expect(contentsOf.open(null, ROW)).toEqual(NOTHING_SEALED);
  });

  test("are decrypted once for many reads, and the cache is bounded", () => {
    let opened = 0;
    const counting = createSealedContents({
      seal: (plain, row) => vault.seal(plain, row),
      open(sealed, row) {
        opened += 1;
        return vault.open(sealed, row);
      },
    });
    const first = counting.seal(contents, ROW);
    for (let n = 0; n < 3; n += 1) counting.open(first, ROW);
    expect(opened).toBe(1);
    for (let n = 0; n < 1_000; n += 1)
      counting.open(counting.seal({ ...contents, secret: `${n}` }, ROW), ROW);
    counting.open(first, ROW);
    expect(opened).toBe(1_002);
  });
});
