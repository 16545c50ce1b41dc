import { readFile, stat } from "node:fs/promises";
import type { PluginContext } from "../../plugin-sdk.ts";

const MAX_BYTES = 50 << 20;
const DATA_URL = /^data:[^,]*,/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

interface ImageSource {
  readonly base64?: string | undefined;
  readonly file?: string | undefined;
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

function fromBase64(written: string): Buffer {
  const text = written.replace(DATA_URL, "").replaceAll(/\s/g, "");
  if (!BASE64.test(text)) {
    throw new Error(
      `base64 begins with ${JSON.stringify(written.slice(0, 40))}: it must contain only base64 characters`,
    );
  }
  return Buffer.from(text, "base64");
}

async function fromFile(file: string, ctx: Pick<PluginContext, "files">): Promise<Buffer> {
  const path = ctx.files.resolve(file);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    throw new Error(
      `file is ${JSON.stringify(file)}: it must be a file in the files folder, but there is no such file at ${path}`,
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
  const response = await ctx.fetch(url);
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(
      `url is ${JSON.stringify(url)}: its server responded with status ${response.status}`,
    );
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) {
      throw new Error(
        `url is ${JSON.stringify(url)}: its image must have at most ${MAX_BYTES} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
