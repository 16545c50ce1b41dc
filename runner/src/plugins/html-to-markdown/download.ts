import type { PluginContext } from "../../plugin-sdk.ts";

const MAX_BYTES = 10 << 20;
/** How far into a page its `<meta charset>` may be (HTML standard, 4.2.5.4). */
const META_BYTES = 1024;
const META_CHARSET = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i;

/** A page's HTML and its address after redirects. */
export async function download(
  url: string,
  ctx: Pick<PluginContext, "fetch">,
): Promise<{ html: string; url: string }> {
  const response = await ctx.fetch(url, { headers: { accept: "text/html,*/*;q=0.5" } });
  const type = response.headers.get("content-type") ?? "text/html";
  if (!response.ok || !/html|^text\/plain/i.test(type)) {
    await response.body?.cancel();
    const what = response.ok ? `${type}, not HTML` : `${response.status}, not 200`;
    throw new Error(`url is ${JSON.stringify(url)}: it answered ${what}`);
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
      throw new Error(`url is ${JSON.stringify(url)}: the page is over ${MAX_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A charset that nobody knows is read as UTF-8, as browsers do. */
function decoder(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}
