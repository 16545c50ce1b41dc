import { hash } from "node:crypto";

/** A longer value is stored as its beginning and a hash of the whole value. */
export const STORED_LENGTH = 100;

/** V8 copies a shorter substring. A longer one is a view of the whole text. */
const VIEW_LENGTH = 13;

export function toStored(value: string): string {
  if (value.length <= STORED_LENGTH) return copy(value);
  const start = value.slice(0, STORED_LENGTH - 24);
  return `${start}… (${value.length} characters, ${hash("sha256", value).slice(0, 12)})`;
}

/** The parser returns a view, which would keep a whole chunk of the file in memory. */
export function copy(value: string): string {
  if (value.length < VIEW_LENGTH) return value;
  return Buffer.from(value, "utf16le").toString("utf16le");
}
