/**
 * The score of unzip and zip. Programs of Debian's packages write and read the archives. Hostile
 * archives are written byte by byte.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import unzip from "../../src/plugins/unzip/index.ts";
import zip from "../../src/plugins/zip/index.ts";
import { craftZip, type CraftedEntry } from "../../test/support/craft-zip.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

const FILES: Readonly<Record<string, Buffer>> = {
  "a.csv": Buffer.from("sku,price\n".repeat(20_000)),
  "empty.txt": Buffer.alloc(0),
  "sub/Ünï 東京.txt": Buffer.from("names"),
  "sub/deep/noise.bin": Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * n * 31) >> 5)),
};

/** `{}` is the archive. The tools run in a folder with the files in `in`. */
const WRITERS: readonly (readonly [name: string, tool: string, ...args: string[]])[] = [
  ["zip", "/usr/bin/zip", "-qr", "{}", "in"],
  ["zip, stored", "/usr/bin/zip", "-qr0", "{}", "in"],
  ["zip, zip64", "/usr/bin/zip", "-qr", "-fz", "{}", "in"],
  ["zip, data descriptors", "/usr/bin/zip", "-qr", "-fd", "{}", "in"],
  ["zip, no folders or extra fields", "/usr/bin/zip", "-qrDX", "{}", "in"],
  ["zip, with a comment", "/bin/sh", "-c", "zip -qr {} in && echo note | zip -qz {}"],
  ["7z", "/usr/bin/7z", "a", "-tzip", "{}", "in"],
  ["bsdtar", "/usr/bin/bsdtar", "-a", "-cf", "{}", "in"],
  ["Python", "/usr/bin/python3", "-m", "zipfile", "-c", "{}", "in"],
];
const READERS: readonly (readonly [name: string, tool: string, ...args: string[]])[] = [
  ["unzip", "/usr/bin/unzip", "-q", "{}", "-d", "out"],
  ["7z", "/usr/bin/7z", "x", "-oout", "{}"],
  ["bsdtar", "/bin/sh", "-c", "mkdir out && /usr/bin/bsdtar -xf {} -C out"],
  ["Python", "/usr/bin/python3", "-m", "zipfile", "-e", "{}", "out"],
];

async function inFolder<T>(work: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "zip-corpus-"));
  try {
    for (const [name, data] of Object.entries(FILES)) {
      mkdirSync(join(root, "in", name, ".."), { recursive: true });
      writeFileSync(join(root, "in", name), data);
    }
    return await work(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function runTool(root: string, [, tool, ...args]: readonly string[]): void {
  const given = args.map((arg) => arg.replaceAll("{}", "a.zip"));
  execFileSync(tool!, given, {
    cwd: root,
    stdio: "ignore",
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
}

function compare(root: string): string | null {
  for (const [name, data] of Object.entries(FILES)) {
    const path = join(root, "out/in", name);
    if (!existsSync(path)) return `${name} is missing`;
    if (!readFileSync(path).equals(data)) return `${name} has other bytes`;
  }
  return null;
}

const needs = (tool: readonly string[]): { skip?: string } => {
  const path = tool.join(" ").includes("bsdtar") ? "/usr/bin/bsdtar" : tool[1]!;
  return existsSync(path) ? {} : { skip: `${path} is not installed` };
};

const written = WRITERS.map((writer): Case => ({
  group: "unpacks what they write",
  name: writer[0],
  ...needs(writer),
  run: () =>
    inFolder(async (root) => {
      runTool(root, writer);
      const options = { outputFolder: "out" };
      await runPlugin(unzip, { input: { file: "a.zip" }, options, filesRoot: root });
      return compare(root);
    }),
}));

const read = READERS.flatMap((reader) =>
  [0, 6].map((level): Case => ({
    group: "packs what they read",
    name: `${reader[0]}, level ${level}`,
    ...needs(reader),
    run: () =>
      inFolder(async (root) => {
        const options = { outputFile: "a.zip", level };
        await runPlugin(zip, { input: { files: ["in"] }, options, filesRoot: root });
        runTool(root, reader);
        return compare(root);
      }),
  })),
);

const zeros = Buffer.alloc(2 << 20);
const HOSTILE: Readonly<Record<string, readonly CraftedEntry[]>> = {
  "a path out": [{ name: "../x" }],
  "a path out, with a backslash": [{ name: "..\\x" }],
  "an absolute path": [{ name: "/x" }],
  "a drive": [{ name: "C:/x" }],
  "a link": [{ name: "x", data: "/etc", mode: 0o120777 }],
  "a device": [{ name: "x", mode: 0o060666 }],
  "a NUL in a name": [{ name: "x\0.txt" }],
  "a name twice": [{ name: "x" }, { name: "./x" }],
  "a file as a folder": [{ name: "x" }, { name: "x/y" }],
  "a bomb": [{ name: "x", data: zeros }],
  "a bomb with a false size": [{ name: "x", data: zeros, claimedBytes: 5 }],
  "shared data": [
    { name: "x", data: "abc" },
    { name: "y", data: "abc", sharesDataWith: 0 },
  ],
  "a false checksum": [{ name: "x", data: "abc", crc: 7 }],
  "a password": [{ name: "x", data: "abc", flags: 1 }],
  "another method": [{ name: "x", data: "abc", method: 12 }],
};

const hostile = Object.entries(HOSTILE).map(([name, entries]): Case => ({
  group: "refuses",
  name,
  run: () =>
    inFolder(async (root) => {
      writeFileSync(join(root, "a.zip"), craftZip([{ name: "ok" }, ...entries.map(shift)]));
      const options = { outputFolder: "out" };
      const said = await runPlugin(unzip, {
        input: { file: "a.zip" },
        options,
        filesRoot: root,
      }).then(() => "unpacked it", String);
      if (existsSync(join(root, "out"))) return "left files";
      return said.includes('file is "a.zip"') && /entr(?:y|ies)/.test(said) ? null : said;
    }),
}));

/** The crafted archive has one entry more at its front. */
function shift(entry: CraftedEntry): CraftedEntry {
  const { sharesDataWith: index } = entry;
  return index === undefined ? entry : { ...entry, sharesDataWith: index + 1 };
}

await printScore("unzip, zip", [...written, ...read, ...hostile]);
