import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { VEGA_DATA } from "../../../test/support/real-files.ts";
import unzip from "../unzip/index.ts";
import zip from "./index.ts";

interface Output {
  entries: number;
  bytes: number;
  archiveBytes: number;
  base64?: string;
  file?: string;
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "zip-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function pack(input: object, options: object = {}): Promise<Output> {
  const { output } = await runPlugin(zip, { input, options, filesRoot: root });
  return output as Output;
}

async function list(input: Output): Promise<string[]> {
  const { output } = await runPlugin(unzip, { input, filesRoot: root });
  return (output as { listed: { name: string }[] }).listed.map(({ name }) => name);
}

function write(name: string, text: string): void {
  mkdirSync(join(root, name, ".."), { recursive: true });
  writeFileSync(join(root, name), text);
}

describe("real files", () => {
  const unzipTool = "/usr/bin/unzip";

  test.skipIf(!existsSync(unzipTool))("are what Debian's unzip unpacks", async () => {
    mkdirSync(join(root, "in/Ä ü"), { recursive: true });
    mkdirSync(join(root, "in/empty"));
    const names = ["seattle-weather.csv", "ffox.png", "Ä ü/cars.json"];
    for (const name of names) {
      copyFileSync(join(VEGA_DATA, name.split("/").at(-1)!), join(root, "in", name));
    }
    utimesSync(join(root, "in/ffox.png"), 1_700_000_000, 1_700_000_000);
    const output = await pack({ files: ["in"] }, { outputFile: "out/all.zip", relativeTo: "in" });
    expect(output).toMatchObject({ entries: 4, file: "out/all.zip" });
    expect(output.archiveBytes).toBeLessThan(output.bytes / 3);
    execFileSync(unzipTool, ["-q", "out/all.zip", "-d", "back"], { cwd: root, stdio: "pipe" });
    for (const name of names) {
      expect(readFileSync(join(root, "back", name))).toEqual(readFileSync(join(root, "in", name)));
    }
    expect(readdirSync(join(root, "back/empty"))).toEqual([]);
    const dates = execFileSync(unzipTool, ["-Z", "-T", "out/all.zip", "ffox.png"], {
      cwd: root,
      env: { TZ: "UTC" },
      encoding: "utf8",
    });
    expect(dates).toContain("20231114.221320");
  });

  test("come back unchanged from unzip, at each level", async () => {
    copyFileSync(join(VEGA_DATA, "cars.json"), join(root, "cars.json"));
    const sizes: number[] = [];
    for (const level of [0, 1, 9]) {
      const packed = await pack({ files: ["cars.json"] }, { level, outputFile: "cars.zip" });
      sizes.push(packed.archiveBytes);
      const options = { outputFolder: "back", existing: "replace" };
      const { output } = await runPlugin(unzip, { input: packed, options, filesRoot: root });
      expect(output).toMatchObject({ file: "back/cars.json" });
      expect(readFileSync(join(root, "back/cars.json"))).toEqual(
        readFileSync(join(root, "cars.json")),
      );
    }
    expect(sizes.toSorted((a, b) => b - a)).toEqual(sizes);
  });
});

describe("names in the archive", () => {
  test("are the paths in the files folder, or begin below relativeTo", async () => {
    write("a/b/c.txt", "c");
    write("a/d.txt", "d");
    expect(await list(await pack({ files: ["a"] }))).toEqual(["a/b/c.txt", "a/d.txt"]);
    const below = await pack({ files: ["a/b", "a/d.txt"] }, { relativeTo: "a" });
    expect(await list(below)).toEqual(["b/c.txt", "d.txt"]);
    await expect(pack({ files: ["a/d.txt"] }, { relativeTo: "a/b" })).rejects.toThrow(
      /files\/0 is "a\/d\.txt": it must be inside "a\/b", which is the option relativeTo/,
    );
  });

  test("of texts are checked", async () => {
    expect(await list(await pack({ texts: { "x/y.txt": "1", "z.txt": "" } }))).toEqual([
      "x/y.txt",
      "z.txt",
    ]);
    for (const name of ["../x", "/x", "a\\b", "C:x", "a//b", "x/"]) {
      await expect(pack({ texts: { [name]: "" } })).rejects.toThrow(/must be a relative path/);
    }
  });

  test("can occur once", async () => {
    write("a.txt", "a");
    await expect(pack({ files: ["a.txt", "a.txt"] })).rejects.toThrow(
      /files\/1 is "a\.txt": the name "a\.txt" is already in the archive/,
    );
  });
});

describe("what is refused", () => {
  test("are paths that lead out, links, and files that do not exist", async () => {
    await expect(pack({ files: ["../x"] })).rejects.toThrow(/files\/0 is "\.\.\/x": it leads out/);
    await expect(pack({ files: ["nope"] })).rejects.toThrow(/files\/0 is "nope".*does not exist/);
    mkdirSync(join(root, "a"));
    symlinkSync("/etc/passwd", join(root, "a/link"));
    await expect(pack({ files: ["a"] })).rejects.toThrow(/"a\/link" is a link/);
    await expect(pack({ files: ["a"] }, { outputFile: "../x.zip" })).rejects.toThrow(
      /outputFile is "\.\.\/x\.zip": it leads out/,
    );
  });

  test("are more entries or bytes than the options allow", async () => {
    for (const name of ["1", "2", "3"]) write(`a/${name}`, "12345");
    await expect(pack({ files: ["a"] }, { maxEntries: 2 })).rejects.toThrow(/maxEntries is 2/);
    await expect(pack({ files: ["a"] }, { maxBytes: 14 })).rejects.toThrow(/maxBytes is 14/);
    expect(await pack({ files: ["a"] }, { maxEntries: 3, maxBytes: 15 })).toMatchObject({
      entries: 3,
      bytes: 15,
    });
  });

  test("is a large archive without an outputFile", async () => {
    write("big", "");
    truncateSync(join(root, "big"), 9 << 20);
    await expect(pack({ files: ["big"] }, { level: 0 })).rejects.toThrow(/outputFile is empty/);
  });
});

test("an archive in the folder that it packs does not contain itself, and is replaced", async () => {
  write("a/x.txt", "x");
  for (const _ of [1, 2]) await pack({ files: ["."] }, { outputFile: "a/all.zip" });
  expect(await list(await pack({ files: ["."] }, { outputFile: "a/all.zip" }))).toEqual([
    "a/x.txt",
  ]);
  expect(readdirSync(join(root, "a"))).toEqual(["all.zip", "x.txt"]);
});

test("a cancelled job leaves nothing behind", async () => {
  write("a.txt", "x".repeat(1 << 20));
  const ended = runPlugin(zip, {
    input: { files: ["a.txt"] },
    options: { outputFile: "a.zip" },
    filesRoot: root,
    signal: AbortSignal.abort(),
  });
  await expect(ended).rejects.toThrow(/abort/i);
  expect(readdirSync(root)).toEqual(["a.txt"]);
});
