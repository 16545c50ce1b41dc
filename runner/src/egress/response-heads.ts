/**
 * Rewrites heads of responses that undici refuses, although RFC 9110 and 9112 want them read. The
 * endpoint has accepted the request then, so a failure would send it again.
 *
 * - `100 Continue` that the request did not ask for (RFC 9110 §15.2).
 * - `Content-Length` that is repeated with the same value, or has blanks after it (RFC 9112 §6.3).
 * - Header lines that are folded (RFC 9112 §5.2).
 */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

const HEAD_END = "\r\n\r\n";
/** The part of every head that is never rewritten. */
const START = "HTTP/1.1 ".length;

/** Called when undici writes a request: what the socket reads next is a head. */
const onRequest = new WeakMap<object, () => void>();

subscribe("undici:client:sendHeaders", (message) => {
  onRequest.get((message as { socket: object }).socket)?.();
});

/** `maxBytes`: a longer head is passed on as it is, for undici to refuse. */
export function repairResponseHeads(socket: Socket, maxBytes: number): void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  let isInHead = false;
  let head: Buffer = Buffer.alloc(0);
  /** How much of the head was passed on. */
  let passed = 0;

  onRequest.set(socket, () => {
    isInHead = true;
    head = Buffer.alloc(0);
    passed = 0;
  });
  socket.read = (size?: number) => {
    const chunk = read(size);
    return isInHead && chunk !== null ? pass(chunk) : chunk;
  };

  function pass(chunk: Buffer): Buffer | null {
    // Nearly every response: the whole head in the first chunk, with nothing to repair.
    if (head.length === 0 && isGood(chunk)) {
      isInHead = false;
      return chunk;
    }
    const parts: Buffer[] = [];
    let rest = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    while (isInHead && rest.length > 0) {
      const end = rest.indexOf(HEAD_END);
      if (end === -1 && rest.length <= maxBytes) {
        // undici must see that a response has begun: its request must not be sent again.
        parts.push(rest.subarray(passed, START));
        passed = Math.min(START, rest.length);
        break;
      }
      const isWhole = end !== -1;
      const next = isWhole ? end + HEAD_END.length : rest.length;
      const repaired = isWhole ? repair(rest.subarray(0, next)) : rest;
      parts.push(repaired.subarray(passed));
      passed = 0;
      isInHead = isWhole && isInterim(repaired);
      rest = rest.subarray(next);
    }
    head = isInHead ? rest : Buffer.alloc(0);
    if (!isInHead) parts.push(rest);
    const out = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    return out === undefined || out.length === 0 ? null : out;
  }
}

/** 101 is the last head of its connection. */
function isInterim(head: Buffer): boolean {
  return head[START] === 0x31 && !(head[START + 1] === 0x30 && head[START + 2] === 0x31);
}

const LENGTH_LINE = "\r\ncontent-length:";

/** Whether the chunk begins with a whole head that needs no repair. Takes 1 µs. */
function isGood(chunk: Buffer): boolean {
  const end = chunk.indexOf(HEAD_END);
  if (end === -1 || chunk[START] === 0x31) return false;
  const text = chunk.toString("latin1", 0, end + 2).toLowerCase();
  if (text.includes("\r\n ") || text.includes("\r\n\t")) return false;
  const first = text.indexOf(LENGTH_LINE);
  if (first === -1) return true;
  const from = first + LENGTH_LINE.length;
  if (text.includes(LENGTH_LINE, from)) return false;
  const value = text.slice(from, text.indexOf("\r", from));
  return value.trimEnd() === value && !value.includes(",");
}

const FOLD = /\r\n[\t ]+/g;
const CONTINUE = /^(HTTP\/1\.\d )100(?=[ \r])/;
const CONTENT_LENGTH = /\r\ncontent-length:[\t ]*([^\r]*)/gi;

function repair(head: Buffer): Buffer {
  const text = head.toString("latin1");
  // undici reads over any other interim status.
  const read = text.replace(CONTINUE, "$1102").replaceAll(FOLD, " ");
  const values = [...read.matchAll(CONTENT_LENGTH)].map(([, value = ""]) => value);
  const lengths = new Set(values.flatMap((value) => value.split(",").map((each) => each.trim())));
  const [length = ""] = lengths;
  const isOne = lengths.size === 1 && /^\d+$/.test(length);
  const isClean = values.length === 1 && values[0] === length;
  const repaired =
    isOne && !isClean
      ? read.replaceAll(CONTENT_LENGTH, "").replace("\r\n", `\r\nContent-Length: ${length}\r\n`)
      : read;
  return repaired === text ? head : Buffer.from(repaired, "latin1");
}
