import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import type { Row } from "../../store/shared/transfer/tables.ts";
import type { End } from "./archive.ts";

/** What is written at once. */
const CHUNK_CHARACTERS = 128 * 1024;
/** Level 1 of gzip: the higher ones take three times as long for a tenth less. */
const OPTIONS = { level: constants.Z_BEST_SPEED, chunkSize: 128 * 1024 };

export interface ArchiveWriter {
  /** Writes an object or a row as one line. */
  line(value: object | Row): Promise<void>;
  /** Writes bytes, whose line precedes them. */
  bytes(source: AsyncIterable<Uint8Array>): Promise<void>;
  /** Writes the last line. Resolves when `to` has everything. */
  end(end: Omit<End, "sha256">): Promise<void>;
}

export function writeArchive(to: Writable): ArchiveWriter {
  const gzip = createGzip(OPTIONS);
  const hash = createHash("sha256");
  const done = finished(to);
  // The next write rejects with it, or the end.
  done.catch((error: Error) => gzip.destroy(error));
  gzip.on("error", () => {});
  gzip.pipe(to);
  let lines: string[] = [];
  let characters = 0;

  async function write(bytes: Uint8Array): Promise<void> {
    if (gzip.destroyed) return done;
    if (!gzip.write(bytes)) await Promise.race([once(gzip, "drain"), done]);
  }

  async function flush(): Promise<void> {
    const bytes = Buffer.from(lines.join(""));
    lines = [];
    characters = 0;
    hash.update(bytes);
    await write(bytes);
  }

  return {
    async line(value) {
      const text = `${JSON.stringify(value)}\n`;
      lines.push(text);
      characters += text.length;
      if (characters >= CHUNK_CHARACTERS) await flush();
    },
    async bytes(source) {
      await flush();
      for await (const chunk of source) {
        hash.update(chunk);
        await write(chunk);
      }
    },
    async end(end) {
      await flush();
      const last: End = { ...end, sha256: hash.digest("hex") };
      await write(Buffer.from(`${JSON.stringify({ end: last })}\n`));
      gzip.end();
      await done;
    },
  };
}
