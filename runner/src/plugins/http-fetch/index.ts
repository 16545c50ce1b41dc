import { definePlugin, type PluginContext } from "../../plugin-sdk.ts";
import type { OutputParts } from "../shared/output-file.ts";
import { openTarget } from "../shared/output-target.ts";
import { Input, Options, Output, type FetchOptions } from "./options.ts";
import { createPager, itemsOf } from "./paging.ts";
import { bodyParts, decodeBody, parseJson, readAll, type ByteBudget } from "./read-body.ts";
import { discard, sendRequest, type SentResponse } from "./send-request.ts";
import { showUrl } from "../shared/show-url.ts";
import { parseUrl } from "./parse-url.ts";

const MIB = 1 << 20;
const DEFAULT_BYTES = 10 * MIB;
const DEFAULT_FILE_BYTES = 1024 * MIB;
/** A body in the output must fit into a plugin thread, also as base64 and as JSON. */
const MAX_OUTPUT_BYTES = 50 * MIB;
const SHOWN_BODY = 200;

type Context = PluginContext<FetchOptions>;

export default definePlugin({
  name: "http-fetch",
  version: "1.0.0",
  description:
    "Sends an HTTP request and returns the response, or writes its body to a file as it arrives. Reads lists of many pages: by link header, next URL, cursor, page or offset. Repeats requests after 429 and 503 and waits as Retry-After says. `processedItems` counts responses.",
  input: Input,
  options: Options,
  output: Output,
  exactIntegers: true,
  example: {
    input: { url: "https://api.example.com/orders" },
    options: { paging: "next", itemsPointer: "/orders", nextPointer: "/links/next" },
  },
  async run(input, ctx) {
    const url = parseUrl(input.url);
    const { outputFile, outputName, maxBytes, paging } = ctx.options;
    const isFile = Boolean(outputFile || outputName);
    if (!isFile && (maxBytes ?? 0) > MAX_OUTPUT_BYTES) {
      throw new Error(
        `maxBytes is ${maxBytes}: it must be at most ${MAX_OUTPUT_BYTES} without outputFile or outputName`,
      );
    }
    const body = toBody(input.body, ctx.options.method);
    const budget = {
      max: maxBytes ?? (isFile ? DEFAULT_FILE_BYTES : DEFAULT_BYTES),
      used: 0,
    };
    const target = await openTarget(ctx.options, ctx, {
      example: "response.json",
      type: paging === "none" ? "application/octet-stream" : "application/x-ndjson",
    });
    const file = (await target?.open()) ?? null;
    try {
      const output =
        paging === "none"
          ? await fetchOne(url, { body, budget, file }, ctx)
          : await fetchPages(url, { body, budget, file }, ctx);
      await file?.end();
      return { ...output, ...target?.written() };
    } finally {
      await file?.discard();
    }
  },
});

interface Fetching {
  readonly body: string | null;
  readonly budget: ByteBudget;
  readonly file: OutputParts | null;
}

function toBody(body: unknown, method: string): string | null {
  if (body === undefined || body === null || body === "") return null;
  if (method === "GET" || method === "HEAD") {
    throw new Error(
      `method is "${method}": a request with a body must be POST, PUT, PATCH or DELETE`,
    );
  }
  return typeof body === "string" ? body : toJson(body);
}

/** Writes a BigInt as a number, as the job had it. */
function toJson(body: unknown): string {
  return JSON.stringify(body, (_, value: unknown) =>
    typeof value === "bigint" ? JSON.rawJSON(String(value)) : value,
  );
}

async function fetchOne(url: URL, { body, budget, file }: Fetching, ctx: Context) {
  const { options } = ctx;
  const sent = await sendRequest(url, { origin: url.origin, body, options }, ctx);
  await checkStatus(sent, options);
  ctx.metrics.add("processedItems", 1);
  if (file === null) {
    const bytes = await readAll(sent, budget);
    return {
      ...describe(sent),
      bytes: budget.used,
      body: decodeBody(bytes, options.responseAs, sent),
    };
  }
  const length = Number(sent.response.headers.get("content-length") ?? 0);
  const isEncoded = sent.response.headers.has("content-encoding");
  for await (const part of bodyParts(sent, budget)) {
    await file.write(part);
    ctx.progress(length > 0 && !isEncoded ? budget.used / length : null, `${budget.used} bytes`);
  }
  return { ...describe(sent), bytes: budget.used };
}

async function fetchPages(first: URL, { body, budget, file }: Fetching, ctx: Context) {
  const { options } = ctx;
  const pager = createPager(first, options);
  const items: unknown[] = [];
  let itemCount = 0;
  let next: URL | null = pager.firstUrl;
  for (let pages = 1; ; pages += 1) {
    const sent = await sendRequest(next, { origin: first.origin, body, options }, ctx);
    await checkStatus(sent, { failOnStatus: true });
    const json = parseJson(await readAll(sent, budget), sent.url);
    const page = { url: sent.url, link: sent.response.headers.get("link"), json };
    const found = itemsOf(page, options);
    if (file) await file.write(found.map((item) => `${toJson(item)}\n`).join(""));
    else items.push(...found);
    itemCount += found.length;
    ctx.metrics.add("processedItems", 1);
    ctx.progress(null, `${pages} pages, ${itemCount} items`);
    next = pager.next(page, found.length);
    if (next === null || pages === options.maxPages) {
      const hasMore = next !== null;
      if (hasMore) {
        ctx.log.warn(`More pages exist than were requested: maxPages is ${options.maxPages}`);
      }
      const where = file ? {} : { items };
      return { ...describe(sent), ...where, bytes: budget.used, itemCount, pages, hasMore };
    }
  }
}

function describe({ response, url }: SentResponse) {
  const headers = Object.fromEntries(response.headers);
  delete headers["set-cookie"];
  return {
    url: url.href,
    status: response.status,
    headers,
    contentType: response.headers.get("content-type"),
    body: null as unknown,
    file: null as string | null,
    items: null as unknown[] | null,
    itemCount: 0,
    pages: 1,
    hasMore: false,
  };
}

async function checkStatus(
  sent: SentResponse,
  { failOnStatus }: Pick<FetchOptions, "failOnStatus">,
): Promise<void> {
  const { response, url, redirects } = sent;
  if (response.status < 400 || !failOnStatus) return;
  const budget = { max: 1 * MIB, used: 0 };
  const start = await readAll(sent, budget).catch(() => Buffer.alloc(0));
  await discard(sent);
  const text = new TextDecoder().decode(start).slice(0, SHOWN_BODY).trim();
  const from = redirects.length > 0 ? ` after a redirect from ${showUrl(redirects[0]!)}` : "";
  const said = text === "" ? "" : `: ${JSON.stringify(text)}`;
  throw new Error(
    `url is ${JSON.stringify(showUrl(url))}: its server responded with status ${response.status} ${response.statusText}`.trimEnd() +
      from +
      said,
  );
}
