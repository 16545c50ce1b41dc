import type { PluginContext } from "../../plugin-sdk.ts";
import { showUrl } from "../shared/show-url.ts";
import { decodePage } from "./decode-page.ts";

export const MAX_BYTES = 10 << 20;

export interface Download {
  readonly html: string;
  /** The URL after redirects. */
  readonly url: string;
  readonly isPlainText: boolean;
}

/** Downloads a page. Errors name the URL and what its server responded. */
export async function download(
  url: string,
  ctx: Pick<PluginContext, "fetch" | "signal">,
): Promise<Download> {
  const response = await request(url, ctx);
  const type = response.headers.get("content-type") ?? "text/html";
  const from =
    response.url && response.url !== url ? ` after a redirect to ${showUrl(response.url)}` : "";
  if (
    !response.ok ||
    !/^\s*(?:text\/(?:html|plain)|application\/xhtml\+xml|(?:text|application)\/xml)/i.test(type)
  ) {
    await response.body?.cancel();
    const problem = response.ok
      ? `${type} instead of HTML`
      : `status ${response.status} ${response.statusText}`.trimEnd();
    throw new Error(
      `url is ${JSON.stringify(showUrl(url))}: its server responded with ${problem}${from}`,
    );
  }
  const bytes = await readAll(response, url, ctx.signal);
  const isPlainText = /^\s*text\/plain/i.test(type);
  return { html: await decodePage(bytes, type), url: response.url || url, isPlainText };
}

async function request(
  url: string,
  ctx: Pick<PluginContext, "fetch" | "signal">,
): Promise<Response> {
  try {
    return await ctx.fetch(url, { headers: { accept: "text/html,*/*;q=0.5" } });
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw new Error(`url is ${JSON.stringify(showUrl(url))}: the page could not be downloaded`, {
      cause: error,
    });
  }
}

async function readAll(response: Response, url: string, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(
      `url is ${JSON.stringify(showUrl(url))}: the connection ended after ${length} bytes of the page`,
      { cause: error },
    );
  }
  if (length > MAX_BYTES) {
    throw new Error(
      `url is ${JSON.stringify(showUrl(url))}: its page must have at most ${MAX_BYTES} bytes`,
    );
  }
  return Buffer.concat(chunks);
}
