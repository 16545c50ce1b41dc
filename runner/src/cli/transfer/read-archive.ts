import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import type { z } from "zod";
import { FORMAT, type Row } from "../../store/shared/transfer/tables.ts";
import { CommandFailed } from "../command-failed.ts";
import { EndLine, Header, KIND, type End } from "./archive.ts";

const READ_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

export interface ArchiveReader {
  readonly header: Header;
  /** The next line, parsed; null after the last. */
  next(): Promise<unknown>;
  /** The bytes that follow a content's line. All must be read before the next line. */
  bytes(size: number): AsyncIterable<Uint8Array>;
  /** Checks the last line, and that nothing follows it. */
  end(line: unknown): Promise<End>;
  close(): void;
}

/** Rejects with `CommandFailed` if the file is no export, of a newer format, cut off, or changed. */
export async function readArchive(file: string): Promise<ArchiveReader> {
  const input = createReadStream(file, { highWaterMark: READ_BYTES });
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  input.on("error", (error) => gunzip.destroy(error));
  const bytes = createByteReader(input.pipe(gunzip), (cause) => toFailure(file, cause));
  const hash = createHash("sha256");
  /** The line that was read last: the checksum of the last line is that of what is before it. */
  let last: Buffer = Buffer.alloc(0);

  async function next(): Promise<unknown> {
    hash.update(last);
    const line = await bytes.line();
    last = line ?? Buffer.alloc(0);
    return line === null ? null : parseLine(line, file);
  }

  const close = (): void => {
    input.destroy();
    gunzip.destroy();
  };
  try {
    const header = parseHeader(await next(), file);
    return {
      header,
      next,
      async *bytes(size) {
        hash.update(last);
        last = Buffer.alloc(0);
        for await (const chunk of bytes.take(size)) {
          hash.update(chunk);
          yield chunk;
        }
      },
      async end(line) {
        const { end } = parsePart(EndLine, line, file);
        const isWhole = end.sha256 === hash.digest("hex") && (await bytes.line()) === null;
        if (!isWhole) throw changed(file, "its checksum is not that of its rows");
        return end;
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

interface ByteReader {
  /** With its newline; null at the end. */
  line(): Promise<Buffer | null>;
  /** Chunks of as many bytes together. */
  take(size: number): AsyncIterable<Buffer>;
}

function createByteReader(
  source: AsyncIterable<Buffer>,
  toError: (cause: unknown) => unknown,
): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** False at the end. */
  async function fill(): Promise<boolean> {
    const { done, value } = await chunks.next().catch((cause: unknown) => {
      throw toError(cause);
    });
    if (done === true) return false;
    rest = value;
    return true;
  }

  return {
    async line() {
      const parts: Buffer[] = [];
      for (;;) {
        const at = rest.indexOf(NEWLINE);
        const until = at === -1 ? rest.length : at + 1;
        if (until > 0) parts.push(rest.subarray(0, until));
        rest = rest.subarray(until);
        if (at !== -1) return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts);
        if (await fill()) continue;
        if (parts.length === 0) return null;
        throw toError(new Error("its last line is not complete"));
      }
    },
    async *take(size) {
      let left = size;
      while (left > 0) {
        if (rest.length === 0 && !(await fill())) {
          throw toError(new Error("the bytes of a content are not complete"));
        }
        const chunk = rest.subarray(0, left);
        rest = rest.subarray(chunk.length);
        left -= chunk.length;
        yield chunk;
      }
    },
  };
}

function parseLine(line: Buffer, file: string): unknown {
  try {
    return JSON.parse(line.toString("utf8")) as unknown;
  } catch {
    throw changed(file, "a line is not JSON");
  }
}

function parseHeader(line: unknown, file: string): Header {
  const { kind, format, version } = (line ?? {}) as Partial<Header>;
  if (kind !== KIND) throw notAnExport(file);
  if (typeof format === "number" && format > FORMAT) {
    throw new CommandFailed(
      1,
      `${file} has format ${format}, written by Playground ${version}; this version imports formats up to ${FORMAT}. Use version ${version} or a newer one. Nothing was imported.`,
    );
  }
  return parsePart(Header, line, file);
}

/** Rejects what this format does not have. */
export function parsePart<Part extends z.ZodType>(
  part: Part,
  line: unknown,
  file: string,
): z.output<Part> {
  const { data, error } = part.safeParse(line);
  if (error !== undefined) throw changed(file, error.issues[0]?.message ?? "a line is not valid");
  return data;
}

export function isRow(line: unknown): line is Row {
  return Array.isArray(line);
}

export function changed(file: string, why: string): CommandFailed {
  return new CommandFailed(
    1,
    `${file} is cut off or was changed: ${why}. Nothing was imported. Copy the file again, or export again.`,
  );
}

function notAnExport(file: string): CommandFailed {
  return new CommandFailed(
    1,
    `${file} is not an export of Playground. A backup is imported with \`restore\`. Nothing was imported.`,
  );
}

/** Z_BUF_ERROR is the end of a file before that of its data. */
function toFailure(file: string, cause: unknown): unknown {
  const { code, message, syscall } = cause as NodeJS.ErrnoException;
  if (syscall !== undefined) return cause;
  if (code === "Z_DATA_ERROR" && message === "incorrect header check") return notAnExport(file);
  return changed(file, message);
}
