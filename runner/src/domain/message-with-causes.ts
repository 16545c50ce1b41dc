/**
 * An error's message with the messages of its causes. Libraries often hide the reason there: the
 * message is "fetch failed", and the cause says that the connection was refused.
 */
const MAX_ERRORS = 8;

/**
 * "could not import: row 17 has no price". The parts of an AggregateError are separated by "; ".
 * An error without a message is described by its code, then by its name. Returns "" if it has none.
 */
export function messageWithCauses(error: object): string {
  return describe(error, new Set());
}

function describe(thrown: unknown, seen: Set<object>): string {
  if (typeof thrown !== "object" || thrown === null) {
    return typeof thrown === "string" || typeof thrown === "number" ? String(thrown) : "";
  }
  if (seen.has(thrown) || seen.size >= MAX_ERRORS) return "";
  seen.add(thrown);
  const message = withoutOpensslSource(textOf(thrown, "message"));
  const reasons = new Set<string>();
  for (const part of partsOf(thrown)) {
    const reason = describe(part, seen);
    if (reason !== "" && !message.includes(reason)) reasons.add(reason);
  }
  const inner = [...reasons].join("; ");
  if (message !== "" && inner !== "") return `${message.replace(/[.:]$/, "")}: ${inner}`;
  return message || inner || textOf(thrown, "code") || nameOf(thrown);
}

/** The causes can have getters that throw. The error's own message is worth more than they are. */
function partsOf(thrown: object): readonly unknown[] {
  try {
    const { cause, errors, error, suppressed } = thrown as Record<string, unknown>;
    if (thrown instanceof AggregateError && Array.isArray(errors)) return [...errors, cause];
    return nameOf(thrown) === "SuppressedError" ? [error, suppressed, cause] : [cause];
  } catch {
    return [];
  }
}

function textOf(thrown: object, key: "message" | "code"): string {
  const value = (thrown as Record<string, unknown>)[key];
  return typeof value === "string" ? value : "";
}

function nameOf(thrown: object): string {
  return thrown instanceof Error ? thrown.name : "";
}

/** `20F5:error:0A00010B:SSL routines:tls_record:wrong version number:ssl/methods.c:77:` */
const OPENSSL_LINE =
  /^[0-9A-F]+:error:[0-9A-F]+:([^:\n]*):[^:\n]*:([^:\n]*):[^:\n]*:\d+:([^\n]*)\n?/gim;

/** OpenSSL's lines name its own source files. Only the library and the reason help a reader. */
function withoutOpensslSource(message: string): string {
  if (!message.includes(":error:")) return message;
  return message
    .replaceAll(OPENSSL_LINE, (...[, library = "", reason = "", detail = ""]: string[]) =>
      [`${reason} (${library})`, detail].filter(Boolean).join(", ").concat("\n"),
    )
    .trimEnd();
}
