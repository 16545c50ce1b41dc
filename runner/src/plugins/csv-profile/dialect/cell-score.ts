import { readValue } from "../profile/value-kind.ts";

const FORMAT = { decimal: "auto", thousands: "auto", dateFormat: "auto" } as const;
const TIME = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?$/i;
const LINK = /^(?:https?|ftp|file|mailto|urn):\S+$|^[^\s@,;|]+@[^\s@,;|]+\.[a-z]{2,}$/i;
const NUMBERS = /^[-+\d.]+(?:[,;:/ ] ?[-+\d.]+)+$/;
/** Words. Punctuation that could be a delimiter is part of a text only before a space. */
const TEXT =
  /^[\p{L}\p{N}\p{M}\p{Sc}"'’“”„«»([{#&@*+<%.$_/\\-](?:[^,;|\t:^~\p{Cc}]|[,;:|] )*[,;:]?$/u;

export const isTyped = (cell: string): boolean => {
  const { kind } = readValue(cell, FORMAT);
  return kind === "number" || kind === "integer" || kind === "date" || TIME.test(cell);
};

export const isLink = (cell: string): boolean => LINK.test(cell);

/**
 * How well a cell is understood, from 0 to 1: the type score of van den Burg, Nazábal and Sutton
 * (2019), "Wrangling messy CSV files by detecting row and type patterns".
 */
export function scoreCell(written: string): number {
  const cell = written.trim();
  if (cell === "") return written === "" ? 1 : 0.9;
  if (cell.length > 200) return TEXT.test(cell.slice(0, 200)) ? 1 : 0.3;
  const { kind } = readValue(cell, FORMAT);
  if (kind !== "string") return 1;
  if (TIME.test(cell) || isLink(cell)) return 1;
  if (NUMBERS.test(cell)) return 0.6;
  return TEXT.test(cell) ? 1 : 0;
}
