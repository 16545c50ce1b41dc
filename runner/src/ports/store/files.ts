import type { FileInfo } from "../../domain/file.ts";
import type { Page, Paged } from "./page.ts";

/** A file as it is stored. Its content is elsewhere (ports/file-contents.ts). */
export interface StoredFile extends FileInfo {
  /** The job whose plugin wrote it. Null if a client uploaded it, or the job was deleted. */
  readonly jobId: string | null;
  readonly createdAt: number;
  /** When it is deleted, unless a job needs it. Null: with its job or, without one, never. */
  readonly expiresAt: number | null;
}

export interface NewFile extends FileInfo {
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface FileUsage {
  readonly files: number;
  /** Each content counts once. */
  readonly bytes: number;
}

/**
 * Why a file was not deleted, or that it was. `in-use`: a job wrote it, or a job's input or options name
 * it. It is deleted with the last of these jobs.
 */
export type DeleteFileOutcome = "deleted" | "unknown" | "in-use";

export interface FileWrites {
  /** Stores an uploaded file. Its content must be on disk. */
  createFile(file: NewFile): Promise<void>;
  deleteFile(id: string): Promise<DeleteFileOutcome>;
  /** Deletes up to `limit` files that expired before `now` and that no job needs. Returns their number. */
  pruneFiles(request: { now: number; limit: number }): Promise<number>;
}

export interface FileReads {
  file(id: string): Promise<StoredFile | null>;
  /**
   * Returns files, the newest first. With `jobId`, those that the job wrote or that its input or options
   * name. Throws `Refused` for a cursor that no page returned.
   */
  files(filter: { readonly jobId?: string }, page: Page): Promise<Paged<StoredFile>>;
  /** Returns every file that a job wrote or that its input or options name. */
  filesOfJob(jobId: string): Promise<readonly FileInfo[]>;
  /** Returns those of the contents that a file has. */
  usedContents(sha256s: readonly string[]): Promise<ReadonlySet<string>>;
  fileUsage(): Promise<FileUsage>;
}
