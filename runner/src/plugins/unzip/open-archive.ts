import { stat } from "node:fs/promises";
import type { ZipFile } from "yauzl";
import type { PluginFiles } from "../../plugin-sdk.ts";
import { pathOf, type FileSource } from "../shared/file-source.ts";

export interface Archive {
  /** The input's field with its value, for errors. */
  readonly field: string;
  readonly zip: ZipFile;
  readonly bytes: number;
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

export async function openArchive(
  input: { readonly file?: FileSource | undefined; readonly base64?: string | undefined },
  files: PluginFiles,
): Promise<Archive> {
  if (input.file) return openFile(input.file, files);
  const text = (input.base64 ?? "").replaceAll(/\s/g, "");
  if (!BASE64.test(text)) {
    throw new Error(
      `base64 begins with ${JSON.stringify(text.slice(0, 40))}: it must contain only base64 characters.`,
    );
  }
  const buffer = Buffer.from(text, "base64");
  const { fromBufferPromise } = await import("yauzl");
  const opening = fromBufferPromise(buffer, { decodeStrings: false });
  return { field: "base64", bytes: buffer.length, zip: await opened("base64", opening) };
}

async function openFile(file: FileSource, files: PluginFiles): Promise<Archive> {
  const field = `file is ${JSON.stringify(file)}`;
  const path = await pathOf(file, files);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    const instead = found === null ? `there is no such file at ${path}` : "it is not a file";
    throw new Error(`${field}: it must be a file in the files folder, but ${instead}.`);
  }
  const { openPromise } = await import("yauzl");
  // The file stays open until `close`, because entries are unpacked after the list has been read.
  const opening = openPromise(path, { autoClose: false, decodeStrings: false });
  return { field, bytes: found.size, zip: await opened(field, opening) };
}

async function opened(field: string, opening: Promise<ZipFile>): Promise<ZipFile> {
  return opening.catch((error: unknown) => {
    throw toArchiveError(field, error);
  });
}

export function toArchiveError(field: string, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message === "strong encryption is not supported") {
    return new Error(
      `${field}: the archive is encrypted. It must be packed without a password, because the plugin has none.`,
    );
  }
  const reason = message.startsWith("End of central directory")
    ? "it has no list of entries at its end. It is another format, or only a part of the archive"
    : `the archive is damaged (${message})`;
  return new Error(`${field}: it must be a zip archive, but ${reason}.`, { cause: error });
}
