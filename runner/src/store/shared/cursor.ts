import { Refused } from "../../domain/errors.ts";

/** A cursor is the key of the last row that was read, so rows added later do not shift the next page. */
export function toCursor(...key: number[]): string {
  return Buffer.from(key.join(".")).toString("base64url");
}

/** Returns the `length` numbers of the key. Throws `Refused` for a cursor that no page returned. */
export function parseCursor(cursor: string, length = 1): number[] {
  const parts = Buffer.from(cursor, "base64url").toString().split(".");
  if (parts.length === length && parts.every((part) => /^\d{1,16}$/.test(part))) {
    return parts.map(Number);
  }
  const message = `cursor is ${JSON.stringify(cursor)}: it must be the nextCursor of the previous page.`;
  throw new Refused("BODY_INVALID", message, {
    issues: [{ path: "/cursor", message: "must be the nextCursor of the previous page" }],
  });
}
