/**
 * Files: bytes that a client uploaded or a plugin wrote, with a name and a type. JSON refers to a file
 * as `{"$file": "file_…"}`.
 */
import { MAX_ISSUES, type Issue } from "./errors.ts";
import type { JsonText } from "./json-text.ts";
import { shorten } from "./shorten.ts";

/** A file without its content. */
export interface FileInfo {
  readonly id: string;
  /** As its sender chose it. It is shown, and never a path. */
  readonly name: string;
  /** The media type that its sender claimed. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** In lower-case hex. Files with the same content share its bytes. */
  readonly sha256: string;
}

/** The default of PLAYGROUND_FILE_LIMIT: the largest file, in bytes. */
export const DEFAULT_FILE_LIMIT_BYTES = 100 * 1024 * 1024;

/** The key of a reference. */
const FILE_KEY = "$file";
/** The key in JSON text. */
export const FILE_KEY_TEXT = JSON.stringify(FILE_KEY);
export const DEFAULT_FILE_TYPE = "application/octet-stream";
/** The longest name, in UTF-16 code units. */
export const MAX_FILE_NAME = 255;

/** A file's id, as a regular expression. Crockford's base 32, as in every id. */
export const FILE_ID = "file_[0-9a-hjkmnp-tv-z]{26}";
const WHOLE_ID = new RegExp(`^${FILE_ID}$`);
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:[ \t]*;[\x20-\x7e\t]{0,200})?$/;
/** Characters that would end a line, or that no one can see. */
const HIDDEN_IN_NAME = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

export function isFileId(id: string): boolean {
  return WHOLE_ID.test(id);
}

/** What is wrong with a file's name, or null. */
export function fileNameProblem(name: string): string | null {
  if (name === "" || name.length > MAX_FILE_NAME || HIDDEN_IN_NAME.test(name)) {
    return `must be 1 to ${MAX_FILE_NAME} characters without line breaks, such as "report.pdf"`;
  }
  return null;
}

/** What is wrong with a media type, or null. */
export function fileTypeProblem(type: string): string | null {
  return MEDIA_TYPE.test(type) ? null : 'must be a media type, such as "application/pdf"';
}

/** Whether JSON text can contain a reference. Costs little: most texts contain none. */
export function mentionsFiles(text: JsonText): boolean {
  return text.includes(FILE_KEY_TEXT);
}

/** A reference in a JSON value. */
export interface FoundReference {
  /** JSON Pointer, RFC 6901. */
  readonly path: string;
  readonly id: string;
}

/** Returns the references in a parsed JSON value, and what is wrong with the first of those that are none. */
export function findReferences(
  value: unknown,
  path: string,
): { readonly found: readonly FoundReference[]; readonly issues: readonly Issue[] } {
  const found: FoundReference[] = [];
  const issues: Issue[] = [];
  function walk(each: unknown, at: string): void {
    if (typeof each !== "object" || each === null) return;
    for (const [key, member] of Object.entries(each)) {
      const memberAt = `${at}/${shorten(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
      if (key !== FILE_KEY) walk(member, memberAt);
      else if (typeof member === "string") found.push({ path: memberAt, id: member });
      else if (issues.length < MAX_ISSUES) {
        const message = `is ${describe(member)}: it must be the id of a file, such as "file_01k9zr00000000000000000000"`;
        issues.push({ path: memberAt, message });
      }
    }
  }
  walk(value, path);
  return { found, issues };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
