/** Finds what goes into the archive, and checks its bounds before anything is packed. */
import { lstat, opendir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { PluginFiles } from "../../plugin-sdk.ts";
import type { FileSource } from "../shared/file-source.ts";
import { resolveField } from "../shared/output-file.ts";

/** The name's field has 16 bits, but many programs cannot unpack longer paths than this. */
const MAX_NAME_BYTES = 1024;
const MAX_DEPTH = 64;

export interface ZipEntry {
  /** Names of folders end with a slash. */
  readonly name: string;
  readonly source:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "text"; readonly text: Buffer }
    | { readonly kind: "folder" };
  readonly bytes: number;
  /** Null: now. */
  readonly modifiedAt: Date | null;
}

export interface ListOptions {
  readonly relativeTo: string;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Is left out, because it would contain itself. */
  readonly outputPath: string | null;
  readonly signal: AbortSignal;
}

export async function listEntries(
  input: {
    readonly files?: readonly FileSource[] | undefined;
    readonly texts?: Readonly<Record<string, string>> | undefined;
  },
  files: PluginFiles,
  options: ListOptions,
): Promise<ZipEntry[]> {
  const found = new Map<string, ZipEntry>();
  let bytes = 0;
  const add = (entry: ZipEntry, from: string): void => {
    checkName(entry, from);
    if (found.has(entry.name)) {
      throw new Error(
        `${from}: the name ${JSON.stringify(entry.name)} is already in the archive. Each name must be there once.`,
      );
    }
    found.set(entry.name, entry);
    bytes += entry.bytes;
    if (found.size > options.maxEntries) {
      throw new Error(
        `maxEntries is ${options.maxEntries}: the archive would have more. Pack fewer files, or set a larger maxEntries.`,
      );
    }
    if (bytes > options.maxBytes) {
      throw new Error(
        `maxBytes is ${options.maxBytes}: the files have more together. Pack fewer files, or set a larger maxBytes.`,
      );
    }
  };
  const root = findRoot(files, options.relativeTo);
  for (const [index, file] of (input.files ?? []).entries()) {
    const from = `files/${index} is ${JSON.stringify(file)}`;
    if (typeof file !== "string") {
      add(await toEntry(file, files), from);
      continue;
    }
    const path = isRoot(file) ? findRoot(files, "") : resolveField(`files/${index}`, file, files);
    if (path === options.outputPath) {
      throw new Error(
        `${from}: it is the outputFile too, which the archive would replace. Choose another outputFile.`,
      );
    }
    for await (const entry of walk(path, { root, from, options })) add(entry, from);
  }
  for (const [name, text] of Object.entries(input.texts ?? {})) {
    const from = `texts has the name ${JSON.stringify(name)}`;
    const buffer = Buffer.from(text);
    add(
      { name, source: { kind: "text", text: buffer }, bytes: buffer.length, modifiedAt: null },
      from,
    );
  }
  return [...found.values()];
}

/** The name of a file by reference is what its sender chose: it must not be a path. */
async function toEntry(
  reference: Exclude<FileSource, string>,
  files: PluginFiles,
): Promise<ZipEntry> {
  const { name, path, size } = await files.open(reference);
  const safe = name.replaceAll(/[/\\]/g, "_");
  return { name: safe, source: { kind: "file", path }, bytes: size, modifiedAt: null };
}

const isRoot = (path: string): boolean => path === "." || path === "./";

/** `ctx.files` gives no path for the folder itself, only for what is in it. */
function findRoot(files: PluginFiles, relativeTo: string): string {
  if (relativeTo === "" || isRoot(relativeTo)) return join(files.resolve("_"), "..");
  return resolveField("relativeTo", relativeTo, files);
}

interface Walk {
  readonly root: string;
  readonly from: string;
  readonly options: ListOptions;
}

async function* walk(
  path: string,
  { root, from, options }: Walk,
  depth = 0,
): AsyncGenerator<ZipEntry> {
  options.signal.throwIfAborted();
  if (path === options.outputPath) return;
  const found = await lstat(path).catch(() => null);
  const name = relative(root, path).split(sep).join("/");
  if (found === null) {
    throw new Error(
      `${from}: it must be a file or folder in the files folder, but does not exist.`,
    );
  }
  if (name.startsWith("../") || name === "..") {
    throw new Error(
      `${from}: it must be inside ${JSON.stringify(options.relativeTo)}, which is the option relativeTo.`,
    );
  }
  if (found.isFile()) {
    yield { name, source: { kind: "file", path }, bytes: found.size, modifiedAt: found.mtime };
    return;
  }
  if (!found.isDirectory()) {
    const what = found.isSymbolicLink() ? "a link" : "not a regular file";
    throw new Error(
      `${from}: ${JSON.stringify(name)} is ${what}. Only files and folders can be packed.`,
    );
  }
  if (depth > MAX_DEPTH) {
    throw new Error(`${from}: ${JSON.stringify(name)} is more than ${MAX_DEPTH} folders deep.`);
  }
  const children: string[] = [];
  for await (const child of await opendir(path)) {
    children.push(child.name);
    if (children.length > options.maxEntries) {
      throw new Error(
        `maxEntries is ${options.maxEntries}: the folder ${JSON.stringify(name)} has more entries. Pack fewer files, or set a larger maxEntries.`,
      );
    }
  }
  if (children.length === 0 && name !== "") {
    yield { name: `${name}/`, source: { kind: "folder" }, bytes: 0, modifiedAt: found.mtime };
  }
  for (const child of children.toSorted()) {
    yield* walk(join(path, child), { root, from, options }, depth + 1);
  }
}

function checkName({ name, source }: ZipEntry, from: string): void {
  const parts = (source.kind === "folder" ? name.slice(0, -1) : name).split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPlain || /[\\\p{Cc}]|^[A-Za-z]:/u.test(name)) {
    throw new Error(
      `${from}: the name in the archive would be ${JSON.stringify(name)}. It must be a relative path such as "data/prices.csv", without ".." and backslashes.`,
    );
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new Error(
      `${from}: the name in the archive would have more than ${MAX_NAME_BYTES} bytes: ${JSON.stringify(name.slice(0, 80))}…`,
    );
  }
}
