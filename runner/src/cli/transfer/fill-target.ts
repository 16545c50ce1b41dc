import { rm } from "node:fs/promises";
import { contentSize, createLocalContents } from "../../files/local-contents.ts";
import { CannotOpen } from "../../store/cannot-open.ts";
import type { Sequences, TransferTarget } from "../../store/shared/transfer/database-transfer.ts";
import { tableOf, type Row, type TableName } from "../../store/shared/transfer/tables.ts";
import { CommandFailed } from "../command-failed.ts";
import { ContentLine, SequencesLine, TableLine, type End } from "./archive.ts";
import type { Progress } from "./progress.ts";
import { changed, isRow, parsePart, type ArchiveReader } from "./read-archive.ts";

const MAX_ROWS = 500;
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** An import can fill its disk. */
const untold = async (): Promise<null> => null;

interface Filling {
  readonly file: string;
  /** Of the contents of files. */
  readonly folder: string;
  /** Whether contents can be missing. */
  readonly partial: boolean;
  readonly progress: Progress;
}

/** Rejects with `CommandFailed` if the file is not whole, or a row cannot be stored. */
export async function fillTarget(
  target: TransferTarget,
  archive: ArchiveReader,
  filling: Filling,
): Promise<End> {
  const { file, partial } = filling;
  const written: string[] = [];
  try {
    const found = await readAll(target, archive, { ...filling, written });
    const end = await archive.end(found.last);
    requireCounts(end, found, file);
    if (end.missing.length > 0 && !partial) {
      throw new CommandFailed(
        1,
        `${file} lacks ${end.missing.length} contents of its files, such as ${end.missing[0]}: they were missing when it was written. Nothing was imported. Export again when they are there, or use --partial to import the rest.`,
      );
    }
    await target.finish(found.sequences);
    return end;
  } catch (error) {
    const contents = createLocalContents(filling.folder);
    for (const sha256 of written) await rm(contents.pathOf(sha256), { force: true });
    throw error;
  }
}

interface Found {
  readonly rows: Partial<Record<TableName, number>>;
  sequences: Sequences;
  contents: number;
  /** The line that is none of a table or a content. */
  last: unknown;
}

async function readAll(
  target: TransferTarget,
  archive: ArchiveReader,
  filling: Filling & { readonly written: string[] },
): Promise<Found> {
  const { file, progress } = filling;
  const found: Found = { rows: {}, sequences: {}, contents: 0, last: null };
  const rows = createRows(target, filling);
  for (;;) {
    const line = await archive.next();
    if (isRow(line)) {
      await rows.add(line);
    } else if (has(line, "table")) {
      await rows.flush();
      rows.begin(parsePart(TableLine, line, file), found.rows);
    } else if (has(line, "sequences")) {
      found.sequences = parsePart(SequencesLine, line, file).sequences;
    } else if (has(line, "content")) {
      const content = parsePart(ContentLine, line, file);
      await storeContent(archive, content, filling);
      found.contents += 1;
      progress.add({ bytes: content.size });
    } else if (line === null) throw changed(file, "its end is missing");
    else {
      await rows.flush();
      found.last = line;
      return found;
    }
  }
}

function has(line: unknown, key: string): boolean {
  return typeof line === "object" && line !== null && key in line;
}

/** Collects rows: a statement stores many. */
function createRows(target: TransferTarget, { file, progress }: Filling) {
  let into: { readonly table: TableName; readonly columns: readonly string[] } | null = null;
  let counts: Partial<Record<TableName, number>> = {};
  let some: Row[] = [];
  let characters = 0;

  async function flush(): Promise<void> {
    if (into === null || some.length === 0) return;
    const rows = some;
    some = [];
    characters = 0;
    await target.insert(into, rows).catch(explain(into.table));
    counts[into.table] = (counts[into.table] ?? 0) + rows.length;
    progress.add({ rows: rows.length });
  }

  return {
    flush,
    begin(next: { table: TableName; columns: string[] }, counted: typeof counts) {
      const known = Object.keys(tableOf(next.table).columns);
      const unknown = next.columns.find((column) => !known.includes(column));
      if (unknown !== undefined)
        throw changed(file, `there is no column ${unknown} in ${next.table}`);
      into = next;
      counts = counted;
      counts[next.table] = 0;
    },
    async add(row: Row) {
      if (row.length !== into?.columns.length) throw changed(file, "a row has other columns");
      some.push(row);
      for (const cell of row) if (typeof cell === "string") characters += cell.length;
      if (some.length >= MAX_ROWS || characters >= MAX_CHARACTERS) await flush();
    },
  };
}

function explain(table: TableName): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof CannotOpen || cause instanceof CommandFailed) throw cause;
    throw new CommandFailed(
      1,
      `A row of the table ${table} cannot be stored: ${(cause as Error).message}. Nothing was imported. Check the database that was exported, with \`check\`.`,
      { cause },
    );
  };
}

/** One that is there already stays as it is. */
async function storeContent(
  archive: ArchiveReader,
  { content: sha256, size }: { content: string; size: number },
  { file, folder, written }: Filling & { readonly written: string[] },
): Promise<void> {
  const bytes = archive.bytes(size);
  if ((await contentSize(folder, sha256)) === size) {
    for await (const _ of bytes);
    return;
  }
  await createLocalContents(folder, untold).write(bytes, {
    check: () => undefined,
    accept(content) {
      if (content.sha256 !== sha256) throw changed(file, `the content ${sha256} has another hash`);
    },
  });
  written.push(sha256);
}

function requireCounts(end: End, found: Found, file: string): void {
  const tables = Object.keys({ ...end.rows, ...found.rows }) as TableName[];
  const other = tables.find((table) => (end.rows[table] ?? 0) !== (found.rows[table] ?? 0));
  if (other !== undefined) throw changed(file, `the number of rows of ${other} is another`);
  if (end.contents !== found.contents) throw changed(file, "the number of contents is another");
}
