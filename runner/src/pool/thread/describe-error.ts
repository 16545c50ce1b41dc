/** Describes any value that a plugin threw. The value's own getters and methods can throw too. */
import { inspect } from "node:util";
import { messageWithCauses } from "../../domain/message-with-causes.ts";
import { explainMissingPackage } from "../missing-package.ts";

const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_MESSAGE_CHARACTERS = MAX_MESSAGE_BYTES / 4;

/** Hides what no text may contain. */
type Hide = (text: string) => string;
const SAME: Hide = (text) => text;

/** The error's message, with those of its causes. */
export function errorMessage(thrown: unknown, hide = SAME): string {
  return cut(hide(readMessage(thrown)));
}

/** Message, stack and causes. */
export function errorReport(thrown: unknown): string {
  try {
    return cut(inspect(thrown, { depth: 4, maxStringLength: MAX_MESSAGE_CHARACTERS }));
  } catch {
    return errorMessage(thrown);
  }
}

function readMessage(thrown: unknown): string {
  try {
    if (typeof thrown === "string") return thrown;
    const missing = explainMissingPackage(thrown);
    if (missing !== null) return missing;
    const isErrorLike =
      thrown instanceof Error ||
      (typeof thrown === "object" && thrown !== null && "message" in thrown);
    if (isErrorLike) {
      const message = messageWithCauses(thrown);
      if (message !== "") return message;
    }
    return inspect(thrown, { depth: 2, breakLength: Infinity });
  } catch {
    return "The plugin threw a value that cannot be read.";
  }
}

function cut(text: string): string {
  return text.length <= MAX_MESSAGE_CHARACTERS
    ? text
    : `${text.slice(0, MAX_MESSAGE_CHARACTERS)}… (${text.length} characters in all)`;
}
