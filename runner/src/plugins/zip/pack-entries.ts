import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { ZipEntry } from "./list-entries.ts";

const FILE_MODE = 0o100644;
const FOLDER_MODE = 0o040755;
const READ_BYTES = 1 << 18;

/** Returns the archive as a stream. One file is open at a time, so that the memory stays flat. */
export async function packEntries(
  entries: readonly ZipEntry[],
  level: number,
  onPacked: (bytes: number, entries: number) => void,
): Promise<Readable> {
  const { ZipFile } = await import("yazl");
  const zip = new ZipFile();
  let bytes = 0;
  let count = 0;
  for (const { name, source, bytes: size, modifiedAt } of entries) {
    const mtime = modifiedAt ?? new Date();
    if (source.kind === "folder") {
      zip.addEmptyDirectory(name, { mtime, mode: FOLDER_MODE });
      onPacked(bytes, ++count);
      continue;
    }
    const options = { mtime, mode: FILE_MODE, size, compressionLevel: level };
    zip.addReadStreamLazy(name, options, (open) => {
      const stream =
        source.kind === "text"
          ? Readable.from([source.text])
          : createReadStream(source.path, { highWaterMark: READ_BYTES });
      stream.on("error", (error: Error) => zip.emit("error", error));
      stream.on("end", () => onPacked((bytes += size), ++count));
      open(null, stream);
    });
  }
  const archive = zip.outputStream as Readable;
  zip.on("error", (error: Error) => archive.destroy(toPackError(error)));
  zip.end();
  return archive;
}

function toPackError(error: Error): Error {
  return new Error(
    `A file could not be packed: ${error.message}. It must not change while it is packed.`,
    {
      cause: error,
    },
  );
}
