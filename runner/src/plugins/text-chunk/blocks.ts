import type { Span } from "./segments.ts";

export const FORMATS = ["auto", "text", "markdown", "code"] as const;
export type Format = Exclude<(typeof FORMATS)[number], "auto">;

export interface Block extends Span {
  /** A heading stays with what follows. Code is cut between lines, and prose between sentences. */
  readonly kind: "prose" | "heading" | "code" | "lines";
}

const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const ITEM = /^\s*(?:[-*+•]|\d{1,9}[.)])\s/;
const TABLE_ROW = /^\s*\|/;
const UNDERLINE = /^ {0,3}(?:=+|-+)\s*$/;

/** Returns whether a text without a known format is Markdown: it has a heading or a code fence. */
export function looksLikeMarkdown(text: string): boolean {
  return /^(?: {0,3}#{1,6} \S| {0,3}(?:`{3,}|~{3,})[^`\n]*$)/m.test(text);
}

/** Yields the blocks of a text, each with the blank lines after it. They have no gaps. */
export function* blocksOf(text: string, format: Format): Generator<Block> {
  if (format === "code") yield* codeBlocks(text);
  else yield* proseBlocks(text, format === "markdown");
}

/** The beginning of each function or class is a line without indentation after a blank line. */
function* codeBlocks(text: string): Generator<Block> {
  let start = 0;
  let wasBlank = false;
  for (const line of linesOf(text, { start: 0, end: text.length })) {
    const own = text.slice(line.start, line.end);
    if (wasBlank && /^\S/.test(own) && line.start > start) {
      yield { start, end: line.start, kind: "code" };
      start = line.start;
    }
    wasBlank = own.trim() === "";
  }
  if (start < text.length) yield { start, end: text.length, kind: "code" };
}

interface Open {
  start: number;
  kind: Block["kind"];
  /** The characters that end a code block. */
  fence: string | null;
  hasText: boolean;
  wasBlank: boolean;
}

function* proseBlocks(text: string, isMarkdown: boolean): Generator<Block> {
  let open: Open = { start: 0, kind: "prose", fence: null, hasText: false, wasBlank: false };
  for (const line of linesOf(text, { start: 0, end: text.length })) {
    const own = text.slice(line.start, line.end);
    const isBlank = own.trim() === "";
    if (open.fence !== null) {
      if (isClosing(own, open.fence)) open.fence = null;
      continue;
    }
    if (!isBlank && open.hasText && begins(own, open, isMarkdown)) {
      yield { start: open.start, end: line.start, kind: open.kind };
      open = { start: line.start, kind: "prose", fence: null, hasText: false, wasBlank: false };
    }
    if (!isBlank) {
      if (isMarkdown && open.hasText && UNDERLINE.test(own)) open.kind = "heading";
      if (!open.hasText) Object.assign(open, kindOf(own, isMarkdown));
      open.hasText = true;
    }
    open.wasBlank = isBlank;
  }
  if (open.start < text.length) yield { start: open.start, end: text.length, kind: open.kind };
}

function begins(line: string, open: Open, isMarkdown: boolean): boolean {
  if (open.wasBlank || ITEM.test(line)) return true;
  if (!isMarkdown) return false;
  if (open.kind === "heading" || open.kind === "code") return true;
  if (TABLE_ROW.test(line) !== (open.kind === "lines")) return true;
  return HEADING.test(line) || FENCE.test(line);
}

function kindOf(line: string, isMarkdown: boolean): Pick<Open, "kind" | "fence"> {
  const fence = isMarkdown ? (FENCE.exec(line)?.[1] ?? null) : null;
  if (fence !== null) return { kind: "code", fence };
  if (isMarkdown && HEADING.test(line)) return { kind: "heading", fence };
  return { kind: isMarkdown && TABLE_ROW.test(line) ? "lines" : "prose", fence };
}

function isClosing(line: string, fence: string): boolean {
  const closing = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1];
  return closing !== undefined && closing[0] === fence[0] && closing.length >= fence.length;
}

/** Yields lines with their ends. */
export function* linesOf(text: string, { start, end }: Span): Generator<Span> {
  for (let at = start; at < end;) {
    const next = lineEnd(text, at, end);
    yield { start: at, end: next };
    at = next;
  }
}

function lineEnd(text: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (text[at] === "\n") return at + 1;
    if (text[at] === "\r") return text[at + 1] === "\n" ? Math.min(at + 2, end) : at + 1;
  }
  return end;
}
