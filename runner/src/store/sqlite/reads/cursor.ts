import { Refused } from "../../../domain/errors.ts";

/** A cursor names the last row that was given, so rows that come later move no page. */
export function toCursor(key: number): string {
  return Buffer.from(String(key)).toString("base64url");
}

/** Throws `Refused` for what no page gave. */
export function parseCursor(cursor: string): number {
  const key = Buffer.from(cursor, "base64url").toString();
  if (/^\d{1,15}$/.test(key)) return Number(key);
  throw new Refused("BODY_INVALID", `cursor ${JSON.stringify(cursor)} was not given by a page.`, {
    issues: [{ path: "/cursor", message: "must be the nextCursor of the page before" }],
  });
}
