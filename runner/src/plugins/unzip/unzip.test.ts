import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { craftZip, type CraftedEntry } from "../../../test/support/craft-zip.ts";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { VEGA_DATA } from "../../../test/support/real-files.ts";
import unzip from "./index.ts";

interface Output {
  entries: number;
  files: number;
  bytes: number;
  folder: string | null;
  file: string | null;
  listed: { name: string; file: string | null; bytes: number; modifiedAt: string | null }[];
}

let root: string;
let outside: string;
beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), "unzip-"));
  root = join(outside, "files");
  mkdirSync(root);
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

async function run(archive: Buffer | string, options: object = {}): Promise<Output> {
  if (typeof archive !== "string") writeFileSync(join(root, "a.zip"), archive);
  const file = typeof archive === "string" ? archive : "a.zip";
  const { output } = await runPlugin(unzip, {
    input: { file },
    options: { outputFolder: "out", ...options },
    filesRoot: root,
  });
  return output as Output;
}

const namesOf = ({ listed }: Output): string[] => listed.map(({ name }) => name);

/** A refused archive must leave nothing behind, neither in the files folder nor next to it. */
async function expectRefused(
  archive: Buffer | string,
  reason: RegExp,
  options: object = {},
): Promise<void> {
  const before = readdirSync(root).filter((name) => name !== "a.zip");
  await expect(run(archive, options)).rejects.toThrow(reason);
  expect(readdirSync(root).filter((name) => name !== "a.zip")).toEqual(before);
  expect(readdirSync(outside)).toEqual(["files"]);
}

describe("an archive of Debian's zip", () => {
  const zipTool = "/usr/bin/zip";
  const zip = (...args: string[]): void => {
    execFileSync(zipTool, ["-q", ...args], { cwd: root, stdio: "pipe" });
  };

  test.skipIf(!existsSync(zipTool))("is unpacked with its folders, bytes and dates", async () => {
    const real = ["seattle-weather.csv", "ffox.png", "cars.json"];
    for (const name of real) writeFileSync(join(root, name), readFileSync(join(VEGA_DATA, name)));
    mkdirSync(join(root, "sub/empty"), { recursive: true });
    writeFileSync(join(root, "sub/Zürich 東京.txt"), "x");
    zip("-r", "real.zip", ...real, "sub");
    const output = await run("real.zip");
    expect(output).toMatchObject({ entries: 6, files: 4, folder: "out", file: null });
    for (const name of real) {
      expect(readFileSync(join(root, "out", name))).toEqual(readFileSync(join(root, name)));
      const seconds = (path: string): number => Math.floor(statSync(path).mtimeMs / 1000);
      expect(seconds(join(root, "out", name))).toBe(seconds(join(root, name)));
    }
    expect(readdirSync(join(root, "out/sub")).toSorted()).toEqual(["Zürich 東京.txt", "empty"]);
    expect(readdirSync(root)).not.toContainEqual(expect.stringContaining(".part"));
  });

  test.skipIf(!existsSync(zipTool))("with zip64 fields is unpacked", async () => {
    writeFileSync(join(root, "a.txt"), "zip64");
    zip("-fz", "z64.zip", "a.txt");
    expect(await run("z64.zip")).toMatchObject({ files: 1, file: "out/a.txt" });
    expect(readFileSync(join(root, "out/a.txt"), "utf8")).toBe("zip64");
  });

  test.skipIf(!existsSync(zipTool))("of data from another program is unpacked", async () => {
    const packed = execFileSync(zipTool, ["-q", "-", "-"], { input: "streamed" });
    await run(packed);
    expect(readFileSync(join(root, "out/-"), "utf8")).toBe("streamed");
  });

  test.skipIf(!existsSync(zipTool))("with a password or with links is refused", async () => {
    writeFileSync(join(root, "a.txt"), "secret");
    symlinkSync("/etc/passwd", join(root, "link"));
    zip("-P", "pass", "enc.zip", "a.txt");
    zip("-y", "link.zip", "link");
    await expectRefused("enc.zip", /"enc\.zip": the entry "a\.txt" is encrypted.*without a pass/);
    await expectRefused("link.zip", /the entry "link" is a link/);
  });
});

describe("a name", () => {
  test.each<[string, RegExp]>([
    ["../evil.txt", /"\.\.\/evil\.txt" has "\.\." in its path/],
    ["a/../../evil.txt", /has "\.\." in its path/],
    ["..\\evil.txt", /has "\.\." in its path/],
    ["/etc/evil", /"\/etc\/evil" has an absolute path/],
    ["C:\\evil.txt", /has an absolute path/],
    ["\\\\server\\evil", /has an absolute path/],
    ["a\0.txt", /control character/],
    ["./", /has no name/],
    [`${"d/".repeat(65)}x`, /65 folders deep/],
    ["x".repeat(256), /name that is too long/],
    [`${"abcdefgh/".repeat(60)}${"y".repeat(600)}`, /too long/],
  ])("that must be refused is named in the error (%#)", async (name, reason) => {
    await expectRefused(
      craftZip([
        { name: "ok.txt", data: "ok" },
        { name, data: "evil" },
      ]),
      reason,
    );
  });

  test("in cp437, UTF-8 without its mark, or Shift JIS is decoded", async () => {
    const cp437 = craftZip([{ name: Buffer.from([0x5a, 0x81, 0x72, 0x2e, 0x74]) }]);
    expect(namesOf(await run(cp437))).toEqual(["Zür.t"]);
    const unmarked = craftZip([{ name: Buffer.from("naïve/東京.txt") }]);
    expect(namesOf(await run(unmarked))).toEqual(["naïve/東京.txt"]);
    const japanese = craftZip([{ name: Buffer.from("938c8b9e2e747874", "hex") }]);
    expect(namesOf(await run(japanese, { nameEncoding: "shift_jis" }))).toEqual(["東京.txt"]);
    await expect(run(japanese, { nameEncoding: "klingon" })).rejects.toThrow(
      /nameEncoding is "klingon"/,
    );
  });

  test("that comes twice, or is a file and a folder, is refused", async () => {
    const twice = [{ name: "a/b.txt" }, { name: "a//./b.txt" }];
    await expectRefused(craftZip(twice), /two entries have the name "a\/b\.txt"/);
    await expectRefused(craftZip([{ name: "a" }, { name: "a/b" }]), /"a" is a file, and other/);
  });

  test("with backslashes has folders", async () => {
    expect(namesOf(await run(craftZip([{ name: "a\\b.txt", data: "x" }])))).toEqual(["a/b.txt"]);
  });
});

describe("a bomb", () => {
  const zeros = Buffer.alloc(4 << 20);

  test("with a high ratio is refused, and a small file can have any ratio", async () => {
    await expectRefused(
      craftZip([{ name: "zeros", data: zeros }]),
      /"zeros" has 4194304 bytes from \d+ packed ones\. It must have at most 250 times.*maxRatio/,
    );
    expect(await run(craftZip([{ name: "z", data: Buffer.alloc(1 << 19) }]))).toMatchObject({
      bytes: 1 << 19,
    });
  });

  test("that claims to be small ends at the size that it claims", async () => {
    const liar = craftZip([{ name: "liar", data: zeros, claimedBytes: 100 }]);
    await expectRefused(liar, /"liar" is damaged \(too many bytes.*expected 100/);
  });

  test("of entries that share their data is refused", async () => {
    const data = deflateRawSync(Buffer.alloc(1000));
    const first = { name: "a", data: Buffer.alloc(1000), packed: data };
    await expectRefused(
      craftZip([first, { ...first, name: "b", sharesDataWith: 0 }]),
      /the entry "b" shares its data with another/,
    );
  });

  test("of many entries or bytes is refused", async () => {
    const entries = Array.from({ length: 11 }, (_, index) => ({ name: `${index}`, data: "12345" }));
    await expectRefused(craftZip(entries), /has 11 entries.*at most 10,.*maxEntries/, {
      maxEntries: 10,
    });
    await expectRefused(craftZip(entries), /have 55 bytes unpacked.*at most 54.*maxBytes/, {
      maxBytes: 54,
    });
  });
});

describe("a damaged archive", () => {
  test.each<[string, CraftedEntry, RegExp]>([
    ["a wrong checksum", { name: "b", data: "x", crc: 1 }, /"b" is damaged \(wrong checksum\)/],
    ["broken data", { name: "b", data: "x", packed: Buffer.from("nope") }, /"b" is damaged/],
    ["an unknown method", { name: "b", data: "x", method: 14 }, /compression method 14/],
    ["a device", { name: "b", mode: 0o020666 }, /is a device/],
    ["strong encryption", { name: "b", flags: 0x41 }, /the archive is encrypted/],
  ])("with %s unpacks nothing", async (_, entry, reason) => {
    await expectRefused(craftZip([{ name: "ok", data: "fine" }, entry]), reason);
  });

  test("that is cut, empty or no archive is refused", async () => {
    const good = craftZip([{ name: "a", data: "x" }]);
    await expectRefused(good.subarray(0, -30), /must be a zip archive.*only a part/);
    await expectRefused(Buffer.from("hello, world"), /it has no list of entries/);
    await expectRefused(Buffer.alloc(0), /must be a zip archive/);
    rmSync(join(root, "a.zip"));
    await expectRefused("a.zip", /there is no such file/);
  });

  test("with a date that does not exist is unpacked", async () => {
    expect(await run(craftZip([{ name: "a", data: "x", dosDate: 0 }]))).toMatchObject({ files: 1 });
  });
});

describe("the folder", () => {
  const archive = craftZip([
    { name: "a.csv", data: "new" },
    { name: "sub/b.txt", data: "b" },
  ]);

  test("keeps files that exist, unless they are to be replaced", async () => {
    mkdirSync(join(root, "out"));
    writeFileSync(join(root, "out/a.csv"), "old");
    await expectRefused(archive, /outputFolder is "out": "a\.csv" exists there already/);
    expect(readdirSync(join(root, "out"))).toEqual(["a.csv"]);
    await run(archive, { existing: "replace" });
    expect(readFileSync(join(root, "out/a.csv"), "utf8")).toBe("new");
  });

  test("contains only what the patterns match, and names a single file", async () => {
    expect(await run(archive, { only: ["*.csv"] })).toMatchObject({
      entries: 2,
      files: 1,
      file: "out/a.csv",
    });
    expect(readdirSync(join(root, "out"))).toEqual(["a.csv"]);
  });

  test("does not follow a link in it that leads out", async () => {
    mkdirSync(join(root, "out"));
    mkdirSync(join(outside, "secret"));
    symlinkSync(join(outside, "secret"), join(root, "out/sub"));
    await expect(run(archive)).rejects.toThrow(/"sub\/b\.txt" leads out of the files folder/);
    expect(readdirSync(join(outside, "secret"))).toEqual([]);
  });

  test("must be in the files folder", async () => {
    await expectRefused(archive, /outputFolder is "\.\.\/x": it leads out/, {
      outputFolder: "../x",
    });
  });

  test("is not needed to list the entries", async () => {
    const output = await run(archive, { outputFolder: "" });
    expect(output).toMatchObject({ files: 2, folder: null, file: null });
    expect(namesOf(output)).toEqual(["a.csv", "sub/b.txt"]);
    expect(readdirSync(root)).toEqual(["a.zip"]);
  });
});

test("a cancelled job leaves nothing behind", async () => {
  writeFileSync(join(root, "a.zip"), craftZip([{ name: "a", data: "x".repeat(1 << 20) }]));
  const ended = runPlugin(unzip, {
    input: { file: "a.zip" },
    options: { outputFolder: "out" },
    filesRoot: root,
    signal: AbortSignal.abort(),
  });
  await expect(ended).rejects.toThrow(/abort/i);
  expect(readdirSync(root)).toEqual(["a.zip"]);
});
