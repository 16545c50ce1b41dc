/**
 * The payload of a notification is its sender, a space, and a JSON array of messages. PostgreSQL refuses
 * payloads of 8,000 bytes or more.
 */
import type { BusMessage } from "../../ports/bus.ts";
import { parseMessage } from "./parse-message.ts";

const MAX_BYTES = 7_900;
const MISSED: BusMessage = { kind: "missed" };

/** Kinds that say no more than that there is something to look for: one of several equal ones is enough. */
const WAKES: ReadonlySet<BusMessage["kind"]> = new Set([
  "jobs",
  "due",
  "batches",
  "bulk",
  "schedules",
  "webhook-off",
  "missed",
]);

/** The payloads of the messages, in their order. A message that does not fit is sent as `missed`. */
export function toPayloads(sender: string, messages: readonly BusMessage[]): string[] {
  const payloads: string[] = [];
  const wakes = new Set<BusMessage["kind"]>();
  let texts: string[] = [];
  let bytes = 0;
  const roomBytes = MAX_BYTES - Buffer.byteLength(`${sender} []`);
  const end = (): void => {
    if (texts.length > 0) payloads.push(`${sender} [${texts.join(",")}]`);
    texts = [];
    bytes = 0;
  };
  for (const message of messages) {
    if (WAKES.has(message.kind)) {
      if (wakes.has(message.kind)) continue;
      wakes.add(message.kind);
    }
    const whole = JSON.stringify(message);
    const text = Buffer.byteLength(whole) > roomBytes ? JSON.stringify(MISSED) : whole;
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > roomBytes) end();
    texts.push(text);
    bytes += size;
  }
  end();
  return payloads;
}

export interface Payload {
  readonly sender: string;
  readonly messages: readonly BusMessage[];
  /** How many things it contains that are no messages of this version. */
  readonly ignored: number;
}

/** Never throws: any user of the database can use the channel. */
export function parsePayload(payload: string): Payload {
  const at = payload.indexOf(" ");
  let found: unknown;
  try {
    found = JSON.parse(payload.slice(at + 1));
  } catch {
    found = null;
  }
  if (at <= 0 || !Array.isArray(found)) return { sender: "", messages: [], ignored: 1 };
  const messages = found.map(parseMessage).filter((message) => message !== null);
  return { sender: payload.slice(0, at), messages, ignored: found.length - messages.length };
}
