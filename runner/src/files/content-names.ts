/** The names that the folder of contents gives. Everything else in it belongs to somebody else. */

export const PART_SUFFIX = ".part";
/** A content that a sweep is removing. */
export const UNUSED_SUFFIX = ".unused";

const CONTENT = /^[0-9a-f]{64}$/;
const PART = /^[0-9a-f]{32}\.part$/;
const UNUSED = /^[0-9a-f]{64}\.unused$/;

export function isContentName(name: string): boolean {
  return CONTENT.test(name);
}

export function isPartName(name: string): boolean {
  return PART.test(name);
}

export function isUnusedName(name: string): boolean {
  return UNUSED.test(name);
}
