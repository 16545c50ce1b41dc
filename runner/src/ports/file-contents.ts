/** The bytes of files, each stored once under its SHA-256. What they are called is in the store. */

import type { ByteRange } from "../domain/byte-range.ts";

export interface WrittenContent {
  /** In lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

/** A Node.js stream. */
export type ContentStream = NodeJS.ReadableStream & { destroy(error?: Error): unknown };

export interface Swept {
  /** How many contents and parts were removed. */
  readonly removed: number;
  readonly bytes: number;
}

/** The code of a `Transient` error: what the daemons share cannot be read or written now. */
export const CONTENTS_UNAVAILABLE = "CONTENTS_UNAVAILABLE";

/** Contents that several daemons share. Each has a copy of those that it uses in its own folder. */
export interface SharedContents {
  /**
   * Copies contents into the folder of this daemon, unless they are there. Rejects with a `Transient` error
   * if they cannot be read for a minute, and with another one if a content is missing or damaged.
   */
  bring(contents: readonly WrittenContent[], signal: AbortSignal): Promise<void>;
  /**
   * Gives contents that were written into the folder to the other daemons. Rejects with a `Transient`
   * error if they cannot be written for ten minutes.
   */
  share(contents: readonly WrittenContent[], signal: AbortSignal): Promise<void>;
}

export interface FileContents {
  /** Null if the folder has all contents. */
  readonly shared: SharedContents | null;
  /**
   * Stores what the source yields. It is on disk when this resolves. If the write does not succeed,
   * nothing is left of it, or only something that `sweep` removes. Rejects with an error whose code is
   * ENOSPC if the disk is full, or would soon be too full for the database.
   */
  write(
    source: AsyncIterable<Uint8Array>,
    options: {
      /** Called with the number of bytes so far, before they are written. Can throw to end the write. */
      readonly check: (bytes: number) => void;
      /** Called with all that was written, before it is a content. Can throw to end the write. */
      readonly accept?: (written: WrittenContent) => void;
      /** The size, if it is known before. */
      readonly size?: number | null;
    },
  ): Promise<WrittenContent>;
  /** Null if there is no such content. Rejects with a `Transient` error if it cannot be read now. */
  read(sha256: string, range?: ByteRange): Promise<ContentStream | null>;
  /** What there is to sweep, in groups that are swept one at a time. */
  groups(): Promise<readonly string[]>;
  /**
   * Removes the contents of one group that no file has, and unfinished writes, that were written before
   * the instant. Never removes what it did not write.
   */
  sweep(
    group: string,
    request: {
      readonly writtenBefore: number;
      /** Returns those of the contents that a file has. */
      readonly used: (sha256s: readonly string[]) => Promise<ReadonlySet<string>>;
      /** Ends the sweep. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Swept>;
}
