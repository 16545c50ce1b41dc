import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PluginFiles } from "../../plugin-sdk.ts";

/** `ctx.files` calls every path `file`. This names the field that the path comes from. */
export function resolveField(field: string, path: string, files: PluginFiles): string {
  try {
    return files.resolve(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replace(/^file is /, `${field} is `), { cause: error });
  }
}

/** Returns the absolute path, and makes its folders. Throws if no file can be written there. */
export async function resolveOutput(outputFile: string, files: PluginFiles): Promise<string> {
  const path = resolveField("outputFile", outputFile, files);
  const found = await stat(path).catch(() => null);
  if (outputFile.endsWith("/") || found?.isDirectory()) {
    throw new Error(
      `outputFile is ${JSON.stringify(outputFile)}: it is a folder. It must be the path of a file.`,
    );
  }
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw new Error(
      `outputFile is ${JSON.stringify(outputFile)}: it cannot be written. A part of its path may be a file, or the daemon has no permission.`,
      { cause: error },
    );
  });
  return path;
}

/** Replaces the file when all of the stream is written: readers never see a part of it. */
export async function writeWhole(
  path: string,
  stream: Readable,
  signal: AbortSignal,
): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await pipeline(stream, createWriteStream(part, { flags: "wx" }), { signal });
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}
