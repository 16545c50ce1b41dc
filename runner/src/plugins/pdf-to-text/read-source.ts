import { readFile, stat } from "node:fs/promises";
import type { PluginContext } from "../../plugin-sdk.ts";
import { pathOf, type FileSource } from "../shared/file-source.ts";
import { checkHttpUrl } from "../shared/http-url.ts";
import { showUrl } from "../shared/show-url.ts";

const MAX_BYTES = 100 << 20;

interface Source {
  readonly file?: FileSource | undefined;
  readonly url?: string | undefined;
  readonly base64?: string | undefined;
}

/** Returns the bytes, and `file is "a.pdf"`, with which errors begin. */
export async function readSource(
  source: Source,
  ctx: Pick<PluginContext, "fetch" | "files">,
): Promise<{ field: string; bytes: Uint8Array }> {
  const { file, url, base64 = "" } = source;
  const field = file
    ? `file is ${JSON.stringify(file)}`
    : url
      ? `url is ${JSON.stringify(showUrl(url))}`
      : "base64";
  const bytes = file
    ? await fromFile(file, field, ctx)
    : url
      ? await download(url, field, ctx)
      : Buffer.from(base64.replace(/^data:[^,]*,/, ""), "base64");
  // The header can follow other bytes, as in the print files of some printers.
  if (
    !Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).includes("%PDF-")
  ) {
    throw new Error(`${field}: it must be a PDF, but does not begin with %PDF-`);
  }
  return { field, bytes };
}

async function fromFile(
  file: FileSource,
  field: string,
  ctx: Pick<PluginContext, "files">,
): Promise<Buffer> {
  const path = await pathOf(file, ctx.files);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    const instead = found?.isDirectory() ? "it is a folder" : `there is no such file at ${path}`;
    throw new Error(`${field}: it must be a file in the files folder, but ${instead}`);
  }
  if (found.size > MAX_BYTES) {
    throw new Error(`${field}: it must have at most ${MAX_BYTES} bytes, but has ${found.size}`);
  }
  return readFile(path);
}

async function download(
  url: string,
  field: string,
  ctx: Pick<PluginContext, "fetch">,
): Promise<Buffer> {
  const failed = (cause: unknown): never => {
    throw new Error(`${field}: it could not be downloaded`, { cause });
  };
  checkHttpUrl(url);
  const response = await ctx.fetch(url).catch(failed);
  if (!response.ok) {
    await response.body?.cancel();
    const from = response.redirected ? ` after a redirect to ${showUrl(response.url)}` : "";
    throw new Error(`${field}: its server responded with status ${response.status}${from}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch(failed)) ?? { done: true };
    if (done || !value) return Buffer.concat(chunks);
    length += value.length;
    if (length > MAX_BYTES) {
      await reader?.cancel();
      throw new Error(`${field}: its PDF must have at most ${MAX_BYTES} bytes`);
    }
    chunks.push(value);
  }
}
