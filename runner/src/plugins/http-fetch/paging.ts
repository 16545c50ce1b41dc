import type { FetchOptions } from "./options.ts";
import { showUrl } from "../shared/show-url.ts";

type PagingOptions = Pick<
  FetchOptions,
  "paging" | "itemsPointer" | "nextPointer" | "pageParam" | "firstPage"
>;

export interface Page {
  readonly url: URL;
  readonly link: string | null;
  readonly json: unknown;
}

/** RFC 6901. Undefined if the value has no such place. */
export function atPointer(value: unknown, pointer: string): unknown {
  let found = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name))
      return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

const PARAMETER = /;\s*([^\s=;,"]+)\s*=\s*(?:"([^"]*)"|([^\s;,]+))/g;

/** The target of `rel="next"` in a `Link` header of RFC 8288. */
export function nextLink(header: string | null): string | null {
  for (const [, target, params = ""] of (header ?? "").matchAll(
    /<([^>]*)>((?:\s*;[^,;"]*(?:"[^"]*")?)*)/g,
  )) {
    const rel = [...params.matchAll(PARAMETER)].find(([, name]) => name!.toLowerCase() === "rel");
    if ((rel?.[2] ?? rel?.[3] ?? "").toLowerCase().split(/\s+/).includes("next"))
      return target ?? null;
  }
  return null;
}

export function itemsOf({ url, json }: Page, { itemsPointer }: PagingOptions): unknown[] {
  const items = atPointer(json, itemsPointer);
  if (Array.isArray(items)) return items as unknown[];
  const kind = items === undefined ? "nothing" : items === null ? "null" : typeof items;
  throw new Error(
    `itemsPointer is ${JSON.stringify(itemsPointer)}: it must point to a list in the page of ${showUrl(url)}, but finds ${kind}`,
  );
}

/** The URLs of a list, one after another. Throws if a page leads to an earlier one. */
export function createPager(first: URL, options: PagingOptions) {
  const { paging, nextPointer } = options;
  const param = options.pageParam || paging;
  const start = options.firstPage ?? (paging === "page" ? 1 : 0);
  const withParam = (value: string): URL => {
    const url = new URL(first);
    url.searchParams.set(param, value);
    return url;
  };
  const isCounted = paging === "page" || paging === "offset";
  const firstUrl = isCounted ? withParam(String(start)) : first;
  const seen = new Set([firstUrl.href]);
  let [pages, items] = [0, 0];

  const find = (page: Page, count: number): URL | null => {
    if (isCounted) {
      if (count === 0) return null;
      return withParam(String(start + (paging === "page" ? pages : items)));
    }
    const found = paging === "link" ? nextLink(page.link) : atPointer(page.json, nextPointer);
    if (found === null || found === undefined || found === "" || found === false) return null;
    const text = typeof found === "number" || typeof found === "bigint" ? `${found}` : found;
    if (typeof text !== "string") {
      throw new Error(
        `nextPointer is ${JSON.stringify(nextPointer)}: it must point to a text or a number in the page of ${showUrl(page.url)}`,
      );
    }
    if (paging === "cursor") return withParam(text);
    const next = URL.parse(text, page.url.href);
    if (next !== null && /^https?:$/.test(next.protocol)) return next;
    throw new Error(
      `the next page of ${showUrl(page.url)} is ${JSON.stringify(text.slice(0, 200))}: it must be an http or https URL`,
    );
  };

  return {
    firstUrl,
    /** Null after the last page. */
    next(page: Page, count: number): URL | null {
      pages += 1;
      items += count;
      const next = find(page, count);
      if (next === null) return null;
      if (seen.has(next.href)) {
        throw new Error(
          `the next page of ${showUrl(page.url)} is ${showUrl(next)}, which was read before. Check paging and nextPointer`,
        );
      }
      seen.add(next.href);
      return next;
    },
  };
}
