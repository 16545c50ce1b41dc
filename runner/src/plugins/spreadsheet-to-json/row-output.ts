import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";
import type { PluginFiles } from "../../plugin-sdk.ts";
import type { TableRow } from "./table.ts";

/** A list in the output must fit into a plugin thread of 512 MB, with its JSON text. */
export const MAX_LISTED_CELLS = 2_000_000;

export interface RowOutput {
  /** Returns false if there is no room for the row. */
  add(row: TableRow, cells: number): boolean;
  flush(): Promise<void>;
  /** Finishes the file. Returns the rows, or null if they are in a file. */
  end(): Promise<TableRow[] | null>;
  /** Removes what was written. Called in any case. */
  discard(): Promise<void>;
}

export function createList(): RowOutput {
  const rows: TableRow[] = [];
  let total = 0;
  return {
    add(row, cells) {
      total += cells;
      if (total > MAX_LISTED_CELLS) return false;
      rows.push(row);
      return true;
    },
    flush: () => Promise.resolve(),
    end: () => Promise.resolve(rows),
    discard: () => Promise.resolve(),
  };
}

/** Writes one JSON value a line. Readers see the old file or the whole new one. */
export async function createFile(outputFile: string, files: PluginFiles): Promise<RowOutput> {
  const path = resolvePath(outputFile, files);
  const shown = `outputFile is ${JSON.stringify(outputFile)}`;
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) throw new Error(`${shown}: it must be a file, but is a folder`);
  const part = `${path}.${randomUUID()}.part`;
  const stream = await openStream(part).catch((cause: unknown) => {
    throw new Error(`${shown}: it cannot be written`, { cause });
  });
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    const text = lines.join("");
    lines = [];
    if (!stream.write(text)) await once(stream, "drain");
  };
  return {
    add(row) {
      lines.push(JSON.stringify(row), "\n");
      return true;
    },
    flush,
    async end() {
      await flush();
      stream.end();
      await finished(stream);
      await rename(part, path);
      return null;
    },
    async discard() {
      stream.destroy();
      await rm(part, { force: true });
    },
  };
}

async function openStream(path: string): Promise<WriteStream> {
  await mkdir(dirname(path), { recursive: true });
  const stream = createWriteStream(path, { flags: "wx" });
  await once(stream, "open");
  return stream;
}

/** `ctx.files` calls every path `file`. */
function resolvePath(outputFile: string, files: PluginFiles): string {
  try {
    return files.resolve(outputFile);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replace(/^file is /, "outputFile is "), { cause: error });
  }
}
