import { createHash } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLocalContents, type LocalContents } from "./local-contents.ts";

let root: string;
let contents: LocalContents;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "contents-"));
  contents = createLocalContents(root);
});
afterEach(() => rm(root, { recursive: true }));

const NO_LIMIT = { check: () => undefined };

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const write = (...chunks: readonly string[]) => contents.write(chunksOf(...chunks), NO_LIMIT);

/** The paths of all files below the root, sorted. */
async function paths(): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

async function makeOld(path: string): Promise<void> {
  const longAgo = new Date(Date.now() - 100_000);
  await utimes(path, longAgo, longAgo);
}

/** Sweeps every group for contents that were written over 50 s ago and are not used. */
async function sweep(used: readonly string[] = [], onAsked = async () => {}): Promise<number> {
  let removed = 0;
  for (const group of await contents.groups()) {
    const swept = await contents.sweep(group, {
      writtenBefore: Date.now() - 50_000,
      async used(sha256s) {
        await onAsked();
        return new Set(sha256s.filter((each) => used.includes(each)));
      },
    });
    removed += swept.removed;
  }
  return removed;
}

describe("a content", () => {
  test("is stored once under its hash, only for its owner, and nobody changes it", async () => {
    const hash = createHash("sha256").update("hello world").digest("hex");
    expect(await write("hello ", "world")).toEqual({ sha256: hash, size: 11 });
    expect(await write("hello world")).toEqual({ sha256: hash, size: 11 });
    expect(await paths()).toEqual([`${hash.slice(0, 2)}/${hash}`]);
    expect(await readFile(contents.pathOf(hash), "utf8")).toBe("hello world");
    expect((await stat(contents.pathOf(hash))).mode & 0o777).toBe(0o400);
  });

  test("is read whole and in part", async () => {
    const { sha256 } = await write("0123456789");
    async function read(range?: { start: number; end: number }): Promise<string> {
      let text = "";
      for await (const chunk of (await contents.read(sha256, range))!) text += String(chunk);
      return text;
    }
    expect(await read()).toBe("0123456789");
    expect(await read({ start: 2, end: 4 })).toBe("234");
  });

  test("leaves nothing behind when its source or its check fails", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("some");
      throw new Error("the source broke");
    }
    await expect(contents.write(failing(), NO_LIMIT)).rejects.toThrow("the source broke");
    const check = (bytes: number): void => {
      if (bytes > 5) throw new Error(`${bytes} are too many`);
    };
    await expect(contents.write(chunksOf("1234", "56"), { check })).rejects.toThrow(
      "6 are too many",
    );
    expect(await paths()).toEqual([]);
  });

  test("that is not accepted is none", async () => {
    const accept = ({ size }: { size: number }): void => {
      throw new Error(`not these ${size}`);
    };
    const written = contents.write(chunksOf("1234"), { ...NO_LIMIT, accept });
    await expect(written).rejects.toThrow("not these 4");
    expect(await paths()).toEqual([]);
  });

  test("is not written on a disk that is almost full, and leaves nothing", async () => {
    const onFullDisk = createLocalContents(root, async () => 256 * 1024 * 1024 + 5);
    await onFullDisk.write(chunksOf("12345"), NO_LIMIT);
    const before = await paths();
    for (const size of [null, 6]) {
      const written = onFullDisk.write(chunksOf("123456"), { ...NO_LIMIT, size });
      await expect(written).rejects.toMatchObject({ code: "ENOSPC" });
    }
    expect(await paths()).toEqual(before);
  });

  test("that is gone cannot be renewed", async () => {
    const { sha256 } = await write("here");
    await makeOld(contents.pathOf(sha256));
    await contents.renew([sha256]);
    expect(Date.now() - (await stat(contents.pathOf(sha256))).mtimeMs).toBeLessThan(50_000);
    await rm(contents.pathOf(sha256));
    await expect(contents.renew([sha256])).rejects.toThrow("ENOENT");
  });
});

describe("a sweep", () => {
  test("removes old contents that no file has, and no other", async () => {
    const [unused, used, fresh] = [
      await write("unused"),
      await write("used"),
      await write("fresh"),
    ];
    for (const { sha256 } of [unused, used]) await makeOld(contents.pathOf(sha256));
    expect(await sweep([used.sha256])).toBe(1);
    expect(await paths()).toEqual(
      [used, fresh].map(({ sha256 }) => `${sha256.slice(0, 2)}/${sha256}`).toSorted(),
    );
  });

  test("removes old parts, and no other", async () => {
    for (const name of [`${"a".repeat(32)}.part`, `${"b".repeat(32)}.part`]) {
      await writeFile(join(root, name), "half");
    }
    await makeOld(join(root, `${"a".repeat(32)}.part`));
    expect(await sweep()).toBe(1);
    expect(await paths()).toEqual([`${"b".repeat(32)}.part`]);
  });

  test("never removes what it does not know", async () => {
    const hash = createHash("sha256").update("x").digest("hex");
    const folder = hash.slice(0, 2);
    await mkdir(join(root, folder));
    await mkdir(join(root, "zz"));
    const outside = join(root, "zz", "target");
    const foreign = [
      "notes.txt",
      "data.part",
      hash,
      `${folder}/${hash}.txt`,
      `${folder}/${hash.toUpperCase()}`,
      `${folder}/${"0".repeat(63)}`,
      `zz/${hash}`,
      "zz/target",
      // A name of another folder.
      `${folder}/${folder === "00" ? "11" : "00"}${"a".repeat(62)}`,
    ];
    for (const path of foreign) {
      await writeFile(join(root, path), "foreign");
      await makeOld(join(root, path));
    }
    const link = `${folder}/${folder}${"b".repeat(62)}`;
    await symlink(outside, join(root, link));
    await mkdir(join(root, folder, `${folder}${"c".repeat(62)}`));
    expect(await sweep()).toBe(0);
    expect(await paths()).toEqual([...foreign, link].toSorted());
  });

  test("keeps a content that is written again while it is being removed", async () => {
    const { sha256 } = await write("again");
    await makeOld(contents.pathOf(sha256));
    let asked = 0;
    const removed = await sweep([], async () => {
      asked += 1;
      // After the look at its age, before it is renamed.
      if (asked === 1) await write("again");
    });
    expect(removed).toBe(0);
    expect(await readFile(contents.pathOf(sha256), "utf8")).toBe("again");
  });

  test("keeps a content that gets a file while it is being removed", async () => {
    const { sha256 } = await write("again");
    await makeOld(contents.pathOf(sha256));
    const used: string[] = [];
    let asked = 0;
    const removed = await sweep(used, async () => {
      asked += 1;
      if (asked === 2) used.push(sha256);
    });
    expect([removed, asked]).toEqual([0, 2]);
    expect(await readFile(contents.pathOf(sha256), "utf8")).toBe("again");
  });

  test("ends what a sweep before it began: removes the content, or gives it its name back", async () => {
    const [unused, used] = [await write("unused"), await write("used")];
    for (const { sha256 } of [unused, used]) {
      await makeOld(contents.pathOf(sha256));
      await rename(contents.pathOf(sha256), `${contents.pathOf(sha256)}.unused`);
    }
    expect(await sweep([used.sha256])).toBe(1);
    expect(await paths()).toEqual([`${used.sha256.slice(0, 2)}/${used.sha256}`]);
  });
});
