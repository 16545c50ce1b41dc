/** Reads the list of entries and checks all of it, so that a bad archive writes nothing. */
import { matchesGlob } from "node:path";
import type { Entry } from "yauzl";
import { createNameDecoder } from "./decode-name.ts";
import { checkName } from "./check-name.ts";
import { toArchiveError, type Archive } from "./open-archive.ts";

export interface ArchiveEntry {
  readonly entry: Entry;
  /** With slashes, relative, and without a slash at the end. */
  readonly name: string;
  readonly isFolder: boolean;
  readonly bytes: number;
  readonly packedBytes: number;
  readonly modifiedAt: Date | null;
}

export interface ReadOptions {
  readonly only: readonly string[];
  readonly nameEncoding: string;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly maxRatio: number;
}

const LOCAL_HEADER_BYTES = 30;
const TYPE_BITS = 0o170000;
const LINK = 0o120000;
/** Not noted, regular, folder; and pipe and socket, which `zip` notes for data from another program. */
const UNPACKED = new Set([0, 0o100000, 0o040000, 0o010000, 0o140000]);
const STORED = 0;
const DEFLATED = 8;
/** A smaller file can have any ratio: it does no harm. */
const RATIO_FREE_BYTES = 1 << 20;

export async function readEntries(
  archive: Archive,
  options: ReadOptions,
): Promise<{ entries: ArchiveEntry[]; total: number }> {
  const { field, zip } = archive;
  if (zip.entryCount > options.maxEntries) {
    throw new Error(
      `${field}: the archive has ${zip.entryCount} entries. It must have at most ${options.maxEntries}, which is the option maxEntries.`,
    );
  }
  const decodeName = await createNameDecoder(options.nameEncoding);
  const all: ArchiveEntry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      all.push(toArchiveEntry(entry, decodeName(entry)));
    }
  } catch (error) {
    throw toArchiveError(field, error);
  }
  const entries = all.map((one) => ({ ...one, name: checkName(one.name, field) }));
  checkDuplicates(entries, field);
  checkOverlaps(entries, field);
  const { only } = options;
  const chosen = entries.filter(
    ({ name }) => only.length === 0 || only.some((pattern) => matchesGlob(name, pattern)),
  );
  let bytes = 0;
  for (const one of chosen) {
    checkKind(one, field);
    checkRatio(one, one.bytes, { field, maxRatio: options.maxRatio });
    bytes += one.bytes;
  }
  if (bytes > options.maxBytes) {
    throw new Error(
      `${field}: the files have ${bytes} bytes unpacked. They must have at most ${options.maxBytes} together, which is the option maxBytes.`,
    );
  }
  return { entries: chosen, total: entries.length };
}

function toArchiveEntry(entry: Entry, name: string): ArchiveEntry {
  const modifiedAt = entry.getLastModDate();
  return {
    entry,
    name,
    isFolder: name.endsWith("/"),
    bytes: entry.uncompressedSize,
    packedBytes: entry.compressedSize,
    modifiedAt: Number.isNaN(modifiedAt.getTime()) ? null : modifiedAt,
  };
}

function checkKind({ entry, name }: ArchiveEntry, field: string): void {
  const shown = `${field}: the entry ${JSON.stringify(name)}`;
  const type = (entry.externalFileAttributes >>> 16) & TYPE_BITS;
  if (type === LINK) throw new Error(`${shown} is a link. Archives with links are not unpacked.`);
  if (!UNPACKED.has(type)) {
    throw new Error(`${shown} is a device. It must be a file or a folder.`);
  }
  if (entry.isEncrypted()) {
    throw new Error(
      `${shown} is encrypted. It must be packed without a password, because the plugin has none.`,
    );
  }
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new Error(
      `${shown} has the compression method ${entry.compressionMethod}. It must be stored (0) or deflated (8). Pack the archive with one of these methods.`,
    );
  }
}

export function checkRatio(
  { name, packedBytes }: ArchiveEntry,
  bytes: number,
  { field, maxRatio }: { readonly field: string; readonly maxRatio: number },
): void {
  if (bytes <= RATIO_FREE_BYTES || bytes <= packedBytes * maxRatio) return;
  throw new Error(
    `${field}: the entry ${JSON.stringify(name)} has ${bytes} bytes from ${packedBytes} packed ones. It must have at most ${maxRatio} times as many, which is the option maxRatio.`,
  );
}

function checkDuplicates(entries: readonly ArchiveEntry[], field: string): void {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { name, isFolder } of entries) {
    if (!isFolder && files.has(name)) {
      throw new Error(
        `${field}: two entries have the name ${JSON.stringify(name)}. Each name must be there once.`,
      );
    }
    (isFolder ? folders : files).add(name);
    const parts = name.split("/");
    for (let end = 1; end < parts.length; end += 1) folders.add(parts.slice(0, end).join("/"));
  }
  for (const name of files) {
    if (!folders.has(name)) continue;
    throw new Error(
      `${field}: the entry ${JSON.stringify(name)} is a file, and other entries are below it. It must be one or the other.`,
    );
  }
}

/** Small archives unpack to terabytes if their entries share the same data. */
function checkOverlaps(entries: readonly ArchiveEntry[], field: string): void {
  let end = 0;
  const sorted = entries.toSorted(
    (a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader,
  );
  for (const { entry, name, packedBytes } of sorted) {
    const start = entry.relativeOffsetOfLocalHeader;
    if (start < end) {
      throw new Error(
        `${field}: the entry ${JSON.stringify(name)} shares its data with another entry. Each entry must have its own.`,
      );
    }
    end = start + LOCAL_HEADER_BYTES + entry.fileNameLength + packedBytes;
  }
}
