import { Refused, Transient } from "../../domain/errors.ts";
import type { ByteRange } from "../../domain/byte-range.ts";
import { isFileId, type FileInfo } from "../../domain/file.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  CONTENTS_UNAVAILABLE,
  type ContentStream,
  type FileContents,
  type WrittenContent,
} from "../../ports/file-contents.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Log } from "../../ports/log.ts";
import type { StoredFile } from "../../ports/store/files.ts";
import type { Store } from "../../ports/store/store.ts";
import type { FileLinks } from "./file-links.ts";
import type { FileRoom } from "./file-room.ts";
import type { FileWriters } from "./file-writers.ts";
import { createLinkedOutputs, type LinkedOutputs } from "./linked-outputs.ts";

export interface Upload {
  readonly name: string;
  readonly type: string;
  /** The SHA-256 that the client expects, in lower-case hex, or null. */
  readonly sha256: string | null;
  /** The size that the client declared, or null. */
  readonly size: number | null;
  /** Whether the file is kept until it is deleted. */
  readonly keep: boolean;
}

export interface Files {
  /**
   * Stores a file. Its content and its row are on disk when this resolves. Throws `Refused`:
   * FILE_TOO_LARGE, FILES_FULL, FILES_UNAVAILABLE,
   * DIGEST_MISMATCH, STOPPING.
   */
  upload(upload: Upload, source: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  /** Throws `Refused`: FILE_NOT_FOUND. */
  get(id: string): Promise<StoredFile>;
  /** `by` is the name of the token, for the log. Throws `Refused`: FILE_NOT_FOUND, FILE_IN_USE. */
  remove(id: string, by: string | null): Promise<void>;
  /**
   * Returns a stream of the content. Throws `Refused`: FILE_NOT_FOUND, if it was removed from the disk;
   * FILES_UNAVAILABLE.
   */
  read(file: FileInfo, range: ByteRange | null): Promise<ContentStream>;
  readonly linked: LinkedOutputs;
  readonly links: FileLinks;
}

export interface FileDeps {
  readonly store: Pick<Store, "createFile" | "deleteFile" | "file" | "filesOfJob">;
  readonly contents: Pick<FileContents, "write" | "read">;
  readonly room: FileRoom;
  readonly writers: Pick<FileWriters, "begin">;
  readonly links: FileLinks;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "newId">;
  readonly log: Log;
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal;
  /** The largest file, in bytes. */
  readonly fileLimit: number;
  readonly retentionMs: number;
}

export function createFiles(deps: FileDeps): Files {
  const { contents, clock, log } = deps;

  async function store(upload: Upload, content: WrittenContent): Promise<StoredFile> {
    const { name, type, keep } = upload;
    const now = clock.now();
    const file = {
      id: deps.ids.newId("file"),
      name,
      type,
      ...content,
      createdAt: now,
      expiresAt: keep ? null : now + deps.retentionMs,
    };
    await deps.store.createFile(file);
    deps.room.add(file.size);
    return { ...file, jobId: null };
  }

  /** Returns other errors as they are. */
  function toUnavailable(error: unknown): unknown {
    if (!(error instanceof Transient) || error.code !== CONTENTS_UNAVAILABLE) return error;
    log.error({ err: error }, "files.unavailable");
    return new Refused("FILES_UNAVAILABLE");
  }

  return {
    async upload(upload, source) {
      if (deps.stopping.aborted) throw new Refused("STOPPING");
      const counted = countBytes(upload, deps);
      const endWriting = deps.writers.begin();
      try {
        const content = await contents
          .write(source, {
            check: counted.onBytes,
            accept: (written) => checkDigest(upload, written),
            size: upload.size,
          })
          .catch((error: unknown) => {
            throw isDiskFull(error) ? diskFull(counted.bytes()) : toUnavailable(error);
          });
        return await store(upload, content);
      } finally {
        counted.end();
        endWriting();
      }
    },
    async get(id) {
      const file = isFileId(id) ? await deps.store.file(id) : null;
      if (file === null) throw noFile(id);
      return file;
    },
    async remove(id, by) {
      const outcome = await deps.store.deleteFile(id);
      if (outcome === "unknown") throw noFile(id);
      if (outcome === "in-use") {
        throw new Refused(
          "FILE_IN_USE",
          `A job needs the file "${id}". It is deleted with the job.`,
        );
      }
      log.info({ fileId: id, token: by }, "file.deleted");
      await deps.room.refresh();
    },
    async read(file, range) {
      const stream = await contents
        .read(file.sha256, range ?? undefined)
        .catch((error: unknown) => {
          throw toUnavailable(error);
        });
      if (stream !== null) return stream;
      log.error({ fileId: file.id, sha256: file.sha256 }, "file.content-missing");
      throw new Refused("FILE_NOT_FOUND", `The content of the file "${file.id}" is missing.`);
    },
    linked: createLinkedOutputs(deps),
    links: deps.links,
  };
}

function noFile(id: string): Refused {
  return new Refused("FILE_NOT_FOUND", `There is no file "${id}".`);
}

function checkDigest(upload: Upload, { sha256, size }: WrittenContent): void {
  if (upload.sha256 === null || upload.sha256 === sha256) return;
  const detail = `The SHA-256 of the ${size} bytes that arrived is ${sha256}, and the request's digest is ${upload.sha256}. Send the file again.`;
  throw new Refused("DIGEST_MISMATCH", detail);
}

/** Counts what arrives against the limits. Other uploads see what this one has counted. */
function countBytes({ size }: Upload, { room, fileLimit }: FileDeps) {
  let counted = 0;
  function onBytes(arrived: number): void {
    // What the client has declared counts from the start.
    const bytes = Math.max(arrived, size ?? 0);
    if (bytes > fileLimit) {
      const detail = `The file is ${size ?? `over ${fileLimit}`} bytes: it must be at most ${fileLimit} bytes.`;
      throw new Refused("FILE_TOO_LARGE", detail);
    }
    const left = room.leftBytes() + counted;
    if (bytes > left) {
      const detail = `The file needs ${bytes} bytes or more, and ${left} bytes are left for all files together. Delete files, or jobs with files.`;
      throw new Refused("FILES_FULL", detail);
    }
    room.reserve(bytes - counted);
    counted = bytes;
  }
  onBytes(0);
  return { onBytes, bytes: () => counted, end: () => room.reserve(-counted) };
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

function diskFull(bytes: number): Refused {
  const detail = `The file needs ${bytes} bytes or more, and the disk of the data folder has less. A part of it stays free for the database.`;
  return new Refused("FILES_FULL", detail, { isAdjustable: false });
}
