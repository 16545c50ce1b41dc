/** Groups failures that have the same cause, as far as their messages tell. Pure. */
import type { Failure, FailureCode } from "./errors.ts";

export interface ErrorGroup {
  /** The plugin of the step that failed, or that would have run next. */
  readonly plugin: string;
  readonly code: FailureCode;
  /** The first line of the message, with `#` in place of numbers and ids. */
  readonly message: string;
}

const MAX_MESSAGE = 200;
/** A line is cut before it is searched. It can have megabytes. */
const MAX_LINE = 2_000;

/**
 * What differs between failures with one cause: UUIDs; words of 8 or more characters with letters and
 * digits, such as ids and hashes; numbers.
 */
const VARIABLE =
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9a-z])(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{8,}|\d+(?:[.,:]\d+)*/gi;

export function toErrorGroup(plugin: string, { code, message }: Failure): ErrorGroup {
  const [line = ""] = message
    .trimStart()
    .slice(0, MAX_LINE)
    .split(/[\r\n]/, 1);
  return { plugin, code, message: line.replace(VARIABLE, "#").trimEnd().slice(0, MAX_MESSAGE) };
}
