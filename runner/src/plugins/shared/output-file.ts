/** The file that a plugin writes when a job sets `outputFile`. Readers see the old file or the whole new one. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat, writeFile, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PluginFiles } from "../../plugin-sdk.ts";

export interface OutputFile {
  readonly path: string;
  write(data: Uint8Array | string): Promise<void>;
  writeStream(stream: Readable, signal: AbortSignal): Promise<void>;
  /** For data that comes in parts. Makes the file that they are written to. */
  open(): Promise<OutputParts>;
}

export interface OutputParts {
  write(part: Uint8Array | string): Promise<void>;
  /** Puts the new file in the place of the old one. */
  end(): Promise<void>;
  /** Removes what was not finished. Called in any case. */
  discard(): Promise<void>;
}

/**
 * Makes the folders of the path. Throws an Error that names `outputFile` if no file can be written
 * there. `example` is the name of a file for that error.
 */
export async function resolveOutput(
  outputFile: string,
  files: Pick<PluginFiles, "resolve">,
  example: string,
): Promise<OutputFile> {
  const refuse = (cause: unknown): never => {
    throw new Error(
      `outputFile is ${JSON.stringify(outputFile)}: it cannot be written. A part of its path may be a file, or the daemon has no permission`,
      { cause },
    );
  };
  const path = resolveField("outputFile", outputFile, files);
  const found = await stat(path).catch(() => null);
  if (outputFile.endsWith("/") || found?.isDirectory()) {
    const better = `${outputFile.replace(/\/+$/, "")}/${example}`;
    throw new Error(
      `outputFile is ${JSON.stringify(outputFile)}: it is a folder. It must be the path of a file, such as ${JSON.stringify(better)}`,
    );
  }
  await mkdir(dirname(path), { recursive: true }).catch(refuse);
  const replaceWith = async (writePart: (part: string) => Promise<void>): Promise<void> => {
    const part = partOf(path);
    try {
      await writePart(part);
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
  };
  return {
    path,
    write: (data) => replaceWith((part) => writeFile(part, data, { flag: "wx" }).catch(refuse)),
    writeStream: (stream, signal) =>
      replaceWith((part) => pipeline(stream, createWriteStream(part, { flags: "wx" }), { signal })),
    async open() {
      const part = partOf(path);
      const file = await open(part, "wx").catch(refuse);
      return createParts(file, { part, path });
    },
  };
}

/** `ctx.files` calls every path `file`. This names the field that the path comes from. */
export function resolveField(
  field: string,
  path: string,
  files: Pick<PluginFiles, "resolve">,
): string {
  try {
    return files.resolve(path);
  } catch (error) {
    throw errorOf(field, path, error as Error);
  }
}

/** Without the error as its cause, which would repeat what the message says. */
function errorOf(field: string, path: string, { message, cause }: Error): Error {
  const named = message.startsWith("file is ")
    ? message.replace("file is ", `${field} is `)
    : `${field} is ${JSON.stringify(path)}: ${message}`;
  return new Error(named, { cause });
}

function partOf(path: string): string {
  return `${path}.${randomUUID()}.part`;
}

function createParts(
  file: FileHandle,
  { part, path }: { readonly part: string; readonly path: string },
): OutputParts {
  return {
    write: (data) => file.writeFile(data),
    async end() {
      await file.close();
      await rename(part, path);
    },
    async discard() {
      await file.close();
      await rm(part, { force: true });
    },
  };
}
