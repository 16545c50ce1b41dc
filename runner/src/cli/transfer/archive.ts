/**
 * The file that `export` writes: gzip over lines of JSON. The first line is the header. A line with a table's
 * name and columns precedes its rows, which are arrays. A line with a hash and a size precedes the bytes of a
 * content. The last line has the numbers of all that and the SHA-256 of everything before it, so that a file
 * that was cut off or changed is noticed.
 */
import { z } from "zod";
import { TABLE_NAMES } from "../../store/shared/transfer/tables.ts";

export const KIND = "playground export";

export const Header = z.object({
  kind: z.literal(KIND),
  format: z.int().min(1),
  /** Of the program that wrote it. */
  version: z.string(),
  createdAt: z.iso.datetime(),
  /** A known word that was encrypted with the key of everything else that is. Null if nothing is. */
  sealed: z.string().nullable(),
  /** The contents that the files have. */
  contents: z.object({ count: z.int(), bytes: z.int() }),
});

export type Header = z.output<typeof Header>;

const Count = z.int().min(0);

export const TableLine = z.object({
  table: z.enum(TABLE_NAMES),
  columns: z.array(z.string()),
});

export const ContentLine = z.object({
  content: z.string().regex(/^[\da-f]{64}$/),
  size: Count,
});

export const SequencesLine = z.object({ sequences: z.partialRecord(z.enum(TABLE_NAMES), Count) });

export const EndLine = z.object({
  end: z.object({
    rows: z.partialRecord(z.enum(TABLE_NAMES), Count),
    contents: Count,
    /** The contents that were not there. */
    missing: z.array(z.string()),
    sha256: z.string(),
  }),
});

export type End = z.output<typeof EndLine>["end"];
