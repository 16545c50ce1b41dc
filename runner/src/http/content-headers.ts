import type { FileInfo } from "../domain/file.ts";
import { toDigest } from "./digest-header.ts";

/**
 * The headers of a file's content. It can be a page with scripts, so a browser must save it: nothing in it
 * may run on the daemon's origin.
 */
export function contentHeaders(file: FileInfo): Record<string, string> {
  return {
    "content-type": file.type,
    "content-disposition": disposition(file.name),
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "accept-ranges": "bytes",
    etag: etagOf(file),
    "repr-digest": toDigest(file.sha256),
  };
}

export function etagOf({ sha256 }: Pick<FileInfo, "sha256">): string {
  return `"${sha256}"`;
}

/** Whether a list of ETags contains the one, as RFC 9110 §13.1.2 compares them. */
export function matchesEtag(list: string | undefined, etag: string): boolean {
  if (list === undefined) return false;
  return list.split(",").some((each) => {
    const tag = each.trim().replace(/^W\//, "");
    return tag === "*" || tag === etag;
  });
}

/** RFC 6266: a name in ASCII, and the whole one in UTF-8. No part of a path stays one. */
function disposition(name: string): string {
  const safe = name.replaceAll(/[/\\]/g, "_").replaceAll(/^\.+/g, "_");
  const ascii = safe.replaceAll(/[^\x20-\x7e]|["%]/g, "_");
  const utf8 = encodeURIComponent(safe).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}
