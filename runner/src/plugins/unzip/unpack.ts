import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { lstat, mkdir, rename, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import type { PluginFiles } from "../../plugin-sdk.ts";
import type { Archive } from "./open-archive.ts";
import type { ArchiveEntry } from "./read-entries.ts";

export interface UnpackOptions {
  readonly folder: string;
  readonly files: PluginFiles;
  readonly existing: "refuse" | "replace";
  readonly signal: AbortSignal;
  onFile(bytes: number, files: number): void;
}

/**
 * Unpacks into a folder next to the wanted one, and moves the files when all are right: an archive
 * that turns out to be damaged changes nothing.
 */
export async function unpack(
  archive: Archive,
  entries: readonly ArchiveEntry[],
  options: UnpackOptions,
): Promise<void> {
  const root = resolveIn(options, "");
  const targets = entries.map((entry) => ({ entry, path: resolveIn(options, entry.name) }));
  for (const { entry, path } of targets) await checkTarget(entry, path, options);
  const staging = `${root}.${randomUUID()}.part`;
  try {
    await mkdir(staging, { recursive: true });
    let bytes = 0;
    let files = 0;
    for (const [index, { entry }] of targets.entries()) {
      if (entry.isFolder) continue;
      await unpackFile(archive, entry, {
        path: join(staging, String(index)),
        signal: options.signal,
      });
      options.onFile((bytes += entry.bytes), (files += 1));
    }
    options.signal.throwIfAborted();
    await mkdir(root, { recursive: true });
    for (const [index, { entry, path }] of targets.entries()) {
      await mkdir(entry.isFolder ? path : dirname(path), { recursive: true });
      if (!entry.isFolder) await rename(join(staging, String(index)), path);
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function resolveIn({ folder, files }: UnpackOptions, name: string): string {
  try {
    return files.resolve(name === "" ? folder : join(folder, name));
  } catch (error) {
    throw toFolderError(folder, name, error as NodeJS.ErrnoException);
  }
}

function toFolderError(folder: string, name: string, cause: NodeJS.ErrnoException): Error {
  const shown = `outputFolder is ${JSON.stringify(folder)}: ${name === "" ? "it" : JSON.stringify(name)}`;
  if (cause.code === undefined) {
    return new Error(
      `${shown} leads out of the files folder. It must be a folder inside it, such as "out/reports", without links that lead out.`,
    );
  }
  return new Error(
    `${shown} cannot be written (${cause.code}). A part of its path may be a file.`,
    { cause },
  );
}

async function checkTarget(
  { name, isFolder }: ArchiveEntry,
  path: string,
  { folder, existing }: UnpackOptions,
): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw toFolderError(folder, name, error);
  });
  if (found === null || (isFolder && found.isDirectory())) return;
  const shown = `outputFolder is ${JSON.stringify(folder)}: ${JSON.stringify(name)}`;
  if (isFolder || !found.isFile()) {
    throw new Error(`${shown} exists there as something else. Choose another folder.`);
  }
  if (existing === "refuse") {
    throw new Error(
      `${shown} exists there already. Choose another folder, or set the option existing to "replace".`,
    );
  }
}

async function unpackFile(
  { zip, field }: Archive,
  { entry, name, modifiedAt }: ArchiveEntry,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  let sum = 0;
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
  });
  try {
    // yauzl ends the stream as soon as it has more bytes than the list of entries says.
    const data = await zip.openReadStreamPromise(entry);
    await pipeline(data, checked, createWriteStream(path, { flags: "wx" }), { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "syscall" in error) throw error;
    throw damaged(`${field}: the entry ${JSON.stringify(name)}`, error);
  }
  if (sum !== entry.crc32) {
    throw damaged(`${field}: the entry ${JSON.stringify(name)}`, new Error("wrong checksum"));
  }
  if (modifiedAt !== null) await utimes(path, modifiedAt, modifiedAt);
}

function damaged(what: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${what} is damaged (${reason}). Nothing was unpacked.`, { cause });
}
