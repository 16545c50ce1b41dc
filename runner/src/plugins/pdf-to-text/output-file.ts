import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { PluginFiles } from "../../plugin-sdk.ts";

/** Returns the absolute path. Throws an Error if nothing can be written there. */
export async function resolveOutput(outputFile: string, files: PluginFiles): Promise<string> {
  const shown = `outputFile is ${JSON.stringify(outputFile)}`;
  const path = resolvePath(outputFile, files);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) throw new Error(`${shown}: it must be a file, but is a folder`);
  await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
    throw new Error(`${shown}: it cannot be written`, { cause });
  });
  return path;
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

/** Readers of the file see the old text or the whole new one. */
export async function writeText(path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(part, text);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}
