/** The keys that daemons give in the bucket. Every other object in it belongs to somebody else. */
import { UNUSED_SUFFIX } from "../content-names.ts";

const KEY = /^([0-9a-f]{2})\/(\1[0-9a-f]{62})(\.unused)?$/;

export function keyOf(sha256: string): string {
  return `${sha256.slice(0, 2)}/${sha256}`;
}

/** Of a copy that a sweep made before it removed the content. */
export function unusedKeyOf(sha256: string): string {
  return `${keyOf(sha256)}${UNUSED_SUFFIX}`;
}

/** Null if no daemon gave this key. */
export function parseKey(
  key: string,
): { readonly sha256: string; readonly isUnused: boolean } | null {
  const [, , sha256, suffix] = KEY.exec(key) ?? [];
  return sha256 === undefined ? null : { sha256, isUnused: suffix !== undefined };
}
