import { Refused } from "../../../domain/errors.ts";

/** A cursor is the key of the last row returned, so rows added later do not shift the next page. */
export function toCursor(key: number): string {
  return Buffer.from(String(key)).toString("base64url");
}

/** Throws `Refused` for a cursor that no page returned. */
export function parseCursor(cursor: string): number {
  const key = Buffer.from(cursor, "base64url").toString();
  if (/^\d{1,15}$/.test(key)) return Number(key);
  const message = `cursor is ${JSON.stringify(cursor)}: it must be the nextCursor of the previous page.`;
  throw new Refused("BODY_INVALID", message, {
    issues: [{ path: "/cursor", message: "must be the nextCursor of the previous page" }],
  });
}
