import type { Readable } from "node:stream";
import type { Entry, ZipFile } from "yauzl";

const MIB = 1 << 20;
/** The parts that are kept in memory, and a sheet, which is not. */
export const MAX_PART_BYTES = 256 * MIB;
export const MAX_SHEET_BYTES = 2048 * MIB;
const MAX_PARTS = 10_000;

export interface ZipParts {
  has(name: string): boolean;
  /** Opens a part. Throws if it is missing, or if it would decompress to more than `maxBytes`. */
  open(name: string, maxBytes: number): Promise<Readable>;
  close(): void;
}

type Source = { readonly path: string } | { readonly bytes: Buffer };

/** Throws an Error whose message begins with `field` if this is not a ZIP archive. */
export async function openParts(source: Source, field: string): Promise<ZipParts> {
  const { fromBufferPromise, openPromise } = await import("yauzl");
  // Without `autoClose: false`, the archive closes when the last entry was listed.
  const options = { autoClose: false, strictFileNames: false };
  const fail = (error: unknown): never => {
    throw damaged(field, error);
  };
  const zip = await (
    "path" in source ? openPromise(source.path, options) : fromBufferPromise(source.bytes, options)
  ).catch(fail);
  const entries = await list(zip, field).catch((error: unknown) => {
    zip.close();
    throw error;
  });
  return {
    has: (name) => entries.has(name),
    async open(name, maxBytes) {
      const entry = entries.get(name);
      if (!entry) throw damaged(field, new Error(`it has no part ${name}`));
      if (entry.uncompressedSize > maxBytes) {
        throw new Error(
          `${field}: its part ${name} has ${entry.uncompressedSize} bytes after decompression. It must have at most ${maxBytes}`,
        );
      }
      return zip.openReadStreamPromise(entry).catch(fail);
    },
    close: () => zip.close(),
  };
}

async function list(zip: ZipFile, field: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  if (zip.entryCount > MAX_PARTS) {
    throw new Error(`${field}: it has ${zip.entryCount} parts. It must have at most ${MAX_PARTS}`);
  }
  try {
    for await (const entry of zip.eachEntry()) {
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    throw damaged(field, error);
  }
  return entries;
}

export function damaged(field: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${field}: the workbook is damaged or incomplete (${reason})`, { cause });
}
