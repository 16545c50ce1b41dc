import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import type { PluginFiles } from "../../plugin-sdk.ts";

/** Returns the absolute path. Throws an Error if nothing can be written there. */
export async function resolveOutput(outputFile: string, files: PluginFiles): Promise<string> {
  const path = resolvePath(outputFile, files);
  const found = await stat(path).catch(() => null);
  if (outputFile.endsWith("/") || found?.isDirectory()) {
    throw new Error(
      `outputFile is ${JSON.stringify(outputFile)}: it is a folder. It must be the path of a file, such as ${JSON.stringify(`${outputFile.replace(/\/+$/, "")}/small.png`)}`,
    );
  }
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw notWritable(outputFile, error);
  });
  return path;
}

/** `ctx.files` calls every path `file`. */
function resolvePath(outputFile: string, files: PluginFiles): string {
  try {
    return files.resolve(outputFile);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refused = /^file is /;
    throw refused.test(message)
      ? new Error(message.replace(refused, "outputFile is "))
      : notWritable(outputFile, error);
  }
}

function notWritable(outputFile: string, cause: unknown): Error {
  return new Error(
    `outputFile is ${JSON.stringify(outputFile)}: it cannot be written. A part of its path may be a file, or the daemon has no permission`,
    { cause },
  );
}

/** Replaces the file atomically: readers see the old image or the new one, never a part of it. */
export async function writeImage(path: string, data: Buffer): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(part, data);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}
