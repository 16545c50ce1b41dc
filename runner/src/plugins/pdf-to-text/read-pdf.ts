/**
 * Reads a PDF in a thread of its own. pdf.js adds to the globals and to their prototypes, which must
 * not reach the plugins that share a thread. A thread also ends a page that never ends.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { PDFDocumentProxy, PDFPageProxy } from "pdfjs-dist";
import { layoutText, readingText, type Piece } from "./layout-text.ts";
import { selectPages } from "./page-ranges.ts";
import type { Metadata, PageText, Report, Task } from "./protocol.ts";

/** A page with fewer characters and a picture of more pixels is a scan. */
const FEW_CHARACTERS = 10;
const PICTURE_PIXELS = 10_000;
/** What pdf.js reads where a font does not say which characters it shows, in place of letters. */
const NO_LETTER = /[\p{Cc}\p{Co}\p{Cn}\uFFFD]/gu;
/** So many are not the bullets of a symbol font. */
const UNREADABLE_SHARE = 0.25;
/** The caches of fonts and pictures are emptied after so many pages. */
const CLEANUP_PAGES = 50;

const send = (report: Report): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage(report);
};

try {
  await read(workerData as Task);
} catch (error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  send({ type: "error", name, message });
}

async function read(task: Task): Promise<void> {
  const pdfjs = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const folder = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
  const document = await pdfjs.getDocument({
    data: task.bytes,
    ...(task.password === null ? {} : { password: task.password }),
    cMapUrl: `${join(folder, "cmaps")}/`,
    standardFontDataUrl: `${join(folder, "standard_fonts")}/`,
    useSystemFonts: false,
    disableFontFace: true,
    maxImageSize: PICTURE_PIXELS,
    verbosity: pdfjs.VerbosityLevel.WARNINGS,
  }).promise;
  const pages = [...selectPages(task.ranges, document.numPages)];
  send({
    type: "open",
    pageCount: document.numPages,
    selected: pages.length,
    metadata: await readMetadata(document),
  });
  let characters = 0;
  for (const [index, number] of pages.entries()) {
    if (index === task.maxPages) return send({ type: "end", truncated: "maxPages" });
    const page = await readPage(document, number, task.layout);
    characters += page.text.length;
    if (characters > task.maxCharacters) return send({ type: "end", truncated: "maxCharacters" });
    const isScanned =
      page.error === null &&
      page.text.replaceAll(/\s/g, "").length < FEW_CHARACTERS &&
      (await hasPicture(document, number).catch(() => false));
    const isUnreadable = shareOfNoLetters(page.text) >= UNREADABLE_SHARE;
    send({ type: "page", page: { ...page, isScanned, isUnreadable } });
    if (index % CLEANUP_PAGES === CLEANUP_PAGES - 1) await document.cleanup();
  }
  send({ type: "end", truncated: null });
}

function shareOfNoLetters(text: string): number {
  const signs = text.replaceAll(/\s/g, "");
  return signs === "" ? 0 : (signs.match(NO_LETTER)?.length ?? 0) / signs.length;
}

/** A picture over the limit is left out with a warning, so that it is found without decoding it. */
async function hasPicture(document: PDFDocumentProxy, number: number): Promise<boolean> {
  let isFound = false;
  // oxlint-disable-next-line no-console -- pdf.js reports its warnings only there
  console.warn = (message: unknown) => {
    isFound ||= String(message).includes("Image exceeded");
  };
  const page = await document.getPage(number);
  await page.getOperatorList();
  page.cleanup();
  return isFound;
}

/** A broken page does not end the others. */
async function readPage(
  document: PDFDocumentProxy,
  number: number,
  layout: boolean,
): Promise<PageText> {
  const none = {
    page: number,
    text: "",
    isScanned: false,
    isUnreadable: false,
    width: 0,
    height: 0,
    error: null,
  };
  try {
    const page = await document.getPage(number);
    const { width, height } = page.getViewport({ scale: 1 });
    const pieces = await readPieces(page);
    page.cleanup();
    const text = layout ? layoutText(pieces) : readingText(pieces);
    return { ...none, text, width: Math.round(width), height: Math.round(height) };
  } catch (error) {
    return { ...none, error: error instanceof Error ? error.message : String(error) };
  }
}

async function readPieces(page: PDFPageProxy): Promise<Piece[]> {
  const [a, b, c, d, e, f] = page.getViewport({ scale: 1 }).transform as Matrix;
  const { items } = await page.getTextContent();
  return items.flatMap((item): Piece[] => {
    if (!("str" in item)) return [];
    const [x, y] = (item.transform as number[]).slice(4) as [number, number];
    return [
      {
        text: item.str,
        left: a * x + c * y + e,
        top: b * x + d * y + f,
        width: item.width,
        height: item.height,
        endsLine: item.hasEOL,
      },
    ];
  });
}

type Matrix = [number, number, number, number, number, number];

async function readMetadata(document: PDFDocumentProxy): Promise<Metadata> {
  const { info } = (await document.getMetadata().catch(() => ({ info: {} }))) as {
    info: Record<string, unknown>;
  };
  const text = (name: string): string | null => {
    const value = info[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
  };
  return {
    title: text("Title"),
    author: text("Author"),
    subject: text("Subject"),
    keywords: text("Keywords"),
    creator: text("Creator"),
    producer: text("Producer"),
    createdAt: toInstant(text("CreationDate")),
    modifiedAt: toInstant(text("ModDate")),
    pdfVersion: text("PDFFormatVersion"),
  };
}

/** Reads `D:20260213103000+01'00'`. A date without a zone is taken as UTC. */
function toInstant(written: string | null): string | null {
  const match =
    /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:Z|([+-]\d\d)'?(\d\d)?)?/.exec(
      written ?? "",
    );
  if (!match) return null;
  const [, year, month = "01", day = "01", hour = "00", minute = "00", second = "00"] = match;
  const zone = match[7] ? `${match[7]}:${match[8] ?? "00"}` : "Z";
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
