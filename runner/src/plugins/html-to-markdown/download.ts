import type { PluginContext } from "../../plugin-sdk.ts";

const MAX_BYTES = 10 << 20;
/** The first bytes of a page, which must contain its `<meta charset>` (HTML standard, 4.2.5.4). */
const META_BYTES = 1024;
const META_CHARSET = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i;

/** Downloads a page. Returns its HTML and its URL after redirects. */
export async function download(
  url: string,
  ctx: Pick<PluginContext, "fetch">,
): Promise<{ html: string; url: string }> {
  const response = await ctx.fetch(url, { headers: { accept: "text/html,*/*;q=0.5" } });
  const type = response.headers.get("content-type") ?? "text/html";
  if (!response.ok || !/html|^text\/plain/i.test(type)) {
    await response.body?.cancel();
    const problem = response.ok ? `${type} instead of HTML` : `status ${response.status}`;
    throw new Error(`url is ${JSON.stringify(url)}: its server responded with ${problem}`);
  }
  const bytes = await readAll(response, url);
  const charset =
    /charset\s*=\s*"?([\w-]+)/i.exec(type)?.[1] ??
    META_CHARSET.exec(bytes.subarray(0, META_BYTES).toString("latin1"))?.[1] ??
    "utf-8";
  return { html: decoder(charset).decode(bytes), url: response.url || url };
}

async function readAll(response: Response, url: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) {
      throw new Error(
        `url is ${JSON.stringify(url)}: its page must have at most ${MAX_BYTES} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Falls back to UTF-8 for an unknown charset, like browsers do. */
function decoder(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}
