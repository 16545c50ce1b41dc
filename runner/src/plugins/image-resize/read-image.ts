import { readFile, stat } from "node:fs/promises";
import type { PluginContext } from "../../plugin-sdk.ts";
import { pathOf, type FileSource } from "../shared/file-source.ts";
import { checkHttpUrl } from "../shared/http-url.ts";
import { showUrl } from "../shared/show-url.ts";

const MAX_BYTES = 50 << 20;
const DATA_URL = /^data:[^,]*,/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

interface ImageSource {
  readonly base64?: string | null | undefined;
  readonly file?: FileSource | undefined;
  readonly url?: string | undefined;
}

/**
 * Returns the bytes of the given source without checking them. Throws if there are more than 50
 * MiB.
 */
export async function readImage(
  source: ImageSource,
  ctx: Pick<PluginContext, "fetch" | "files">,
): Promise<Buffer> {
  if (source.file) return fromFile(source.file, ctx);
  if (source.url) return fromUrl(source.url, ctx);
  return fromBase64(source.base64 ?? "");
}

/** The input's field with its value. */
export function fieldOf({ file, url }: ImageSource): string {
  if (file) return `file is ${JSON.stringify(file)}`;
  return url ? `url is ${JSON.stringify(showUrl(url))}` : "base64";
}

function fromBase64(written: string): Buffer {
  const text = written.replace(DATA_URL, "").replaceAll(/\s/g, "");
  if (!BASE64.test(text)) {
    throw new Error(
      `base64 begins with ${JSON.stringify(written.slice(0, 40))}: it must contain only base64 characters`,
    );
  }
  return Buffer.from(text, "base64");
}

async function fromFile(file: FileSource, ctx: Pick<PluginContext, "files">): Promise<Buffer> {
  const path = await pathOf(file, ctx.files);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    const instead = found?.isDirectory() ? "it is a folder" : `there is no such file at ${path}`;
    throw new Error(
      `file is ${JSON.stringify(file)}: it must be a file in the files folder, but ${instead}`,
    );
  }
  if (found.size > MAX_BYTES) {
    throw new Error(
      `file is ${JSON.stringify(file)}: it must have at most ${MAX_BYTES} bytes, but has ${found.size}`,
    );
  }
  return readFile(path);
}

async function fromUrl(url: string, ctx: Pick<PluginContext, "fetch">): Promise<Buffer> {
  const shown = `url is ${JSON.stringify(showUrl(url))}`;
  const notDownloaded = (cause: unknown): never => {
    throw new Error(`${shown}: it could not be downloaded`, { cause });
  };
  checkHttpUrl(url);
  const response = await ctx.fetch(url).catch(notDownloaded);
  if (!response.ok) {
    await response.body?.cancel();
    const from = response.redirected ? ` after a redirect to ${showUrl(response.url)}` : "";
    throw new Error(`${shown}: its server responded with status ${response.status}${from}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch(notDownloaded)) ?? { done: true };
    if (done || !value) return Buffer.concat(chunks);
    length += value.length;
    if (length > MAX_BYTES) {
      await reader?.cancel();
      throw new Error(`${shown}: its image must have at most ${MAX_BYTES} bytes`);
    }
    chunks.push(value);
  }
}
