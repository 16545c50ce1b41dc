import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";
import type { PluginFiles } from "../../plugin-sdk.ts";

export interface OutputFile {
  write(data: Uint8Array | string): Promise<void>;
  /** Puts the new file in the place of the old one. */
  end(): Promise<void>;
  /** Removes what was not finished. Called in any case. */
  discard(): Promise<void>;
}

export async function createOutputFile(
  outputFile: string,
  files: PluginFiles,
): Promise<OutputFile> {
  const shown = `outputFile is ${JSON.stringify(outputFile)}`;
  const path = resolvePath(outputFile, files);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) throw new Error(`${shown}: it must be a file, but is a folder`);
  const part = `${path}.${randomUUID()}.part`;
  const stream = await openStream(part).catch((cause: unknown) => {
    throw new Error(`${shown}: it cannot be written`, { cause });
  });
  return {
    async write(data) {
      if (!stream.write(data)) await once(stream, "drain");
    },
    async end() {
      stream.end();
      await finished(stream);
      await rename(part, path);
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
