import { open, stat } from "node:fs/promises";
import type { PluginContext } from "../../plugin-sdk.ts";
import { pathOf, type FileSource } from "../shared/file-source.ts";
import { checkHttpUrl } from "../shared/http-url.ts";
import { showUrl } from "../shared/show-url.ts";

const MAX_DOWNLOAD_BYTES = 100 << 20;

export interface Source {
  readonly file?: FileSource | undefined;
  readonly url?: string | undefined;
  readonly base64?: string | undefined;
}

export interface OpenSource {
  /** `file is "a.xlsx"`: what errors begin with. */
  readonly field: string;
  readonly from: { readonly path: string } | { readonly bytes: Buffer };
  /** The first bytes. */
  readonly head: Buffer;
}

const HEAD_BYTES = 8192;

export async function openSource(
  source: Source,
  ctx: Pick<PluginContext, "fetch" | "files">,
): Promise<OpenSource> {
  if (source.file) return openFile(source.file, ctx);
  const bytes = source.url
    ? await download(source.url, ctx)
    : Buffer.from((source.base64 ?? "").replace(/^data:[^,]*,/, ""), "base64");
  const field = source.url ? `url is ${JSON.stringify(showUrl(source.url))}` : "base64";
  return { field, from: { bytes }, head: bytes.subarray(0, HEAD_BYTES) };
}

async function openFile(file: FileSource, ctx: Pick<PluginContext, "files">): Promise<OpenSource> {
  const field = `file is ${JSON.stringify(file)}`;
  const path = await pathOf(file, ctx.files);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    const instead = found?.isDirectory() ? "it is a folder" : `there is no such file at ${path}`;
    throw new Error(`${field}: it must be a file in the files folder, but ${instead}`);
  }
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return { field, from: { path }, head: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

async function download(url: string, ctx: Pick<PluginContext, "fetch">): Promise<Buffer> {
  const field = `url is ${JSON.stringify(showUrl(url))}`;
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
    if (length > MAX_DOWNLOAD_BYTES) {
      await reader?.cancel();
      throw new Error(
        `${field}: its response must have at most ${MAX_DOWNLOAD_BYTES} bytes. Download it with http-fetch and give its file`,
      );
    }
    chunks.push(value);
  }
}
