import { toSize } from "../amounts.ts";

const EVERY_MS = 100;

export interface Progress {
  /** Adds to what was read or written. */
  add(more: { readonly rows?: number; readonly bytes?: number }): void;
  /** Removes the line. */
  end(): void;
}

/** One line on a terminal that is written over; nothing elsewhere. */
export function showProgress(verb: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  let [rows, bytes, shownAt] = [0, 0, 0];
  return {
    add(more) {
      rows += more.rows ?? 0;
      bytes += more.bytes ?? 0;
      const now = Date.now();
      if (!stream.isTTY || now - shownAt < EVERY_MS) return;
      shownAt = now;
      stream.write(`\r\u001b[K${verb} ${rows} rows, ${toSize(bytes)} of files`);
    },
    end() {
      if (shownAt > 0) stream.write("\r\u001b[K");
    },
  };
}
