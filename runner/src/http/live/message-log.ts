/**
 * The newest messages of the live stream, as text. Every client reads them at its own pace, so a slow
 * one costs no memory: when it has fallen too far behind, its messages are gone.
 */
import { toFrame } from "../streams.ts";

export interface MessageLog {
  /** The id of the newest message. */
  newestId(): number;
  append(event: string, data: string): void;
  /** Messages were missed: no client can continue. */
  cut(): void;
  /**
   * Returns the messages after an id as one text with the id of the last, up to `maxLength` but at least
   * one. Null if some of them are gone, or no message has had the id. The text is empty if there are none.
   */
  after(id: number, maxLength: number): { readonly text: string; readonly id: number } | null;
}

export function createMessageLog(options: {
  /** Greater than the id of every message of earlier daemons. */
  readonly firstId: number;
  /** In UTF-16 units. */
  readonly maxLength: number;
}): MessageLog {
  let messages: string[] = [];
  let length = 0;
  /** The id of `messages[0]`, or of the next message. */
  let firstId = options.firstId;

  function dropOldest(): void {
    length -= messages.shift()?.length ?? 0;
    firstId += 1;
  }

  return {
    newestId: () => firstId + messages.length - 1,
    append(event, data) {
      const frame = toFrame(event, data, firstId + messages.length);
      messages.push(frame);
      length += frame.length;
      while (length > options.maxLength) dropOldest();
    },
    cut() {
      firstId += messages.length + 1;
      messages = [];
      length = 0;
    },
    after(id, maxLength) {
      const from = id + 1 - firstId;
      if (from < 0 || from > messages.length) return null;
      let text = "";
      let next = from;
      for (; next < messages.length; next += 1) {
        const message = messages[next] ?? "";
        if (text !== "" && text.length + message.length > maxLength) break;
        text += message;
      }
      return { text, id: firstId + next - 1 };
    },
  };
}
