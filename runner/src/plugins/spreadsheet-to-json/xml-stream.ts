import type { Readable } from "node:stream";
import { damaged } from "./zip-parts.ts";

export type Attributes = Readonly<Record<string, string>>;

/** Names come without their prefix: `table-row` for `table:table-row`. */
export interface XmlHandlers {
  open(name: string, attributes: Attributes): void;
  text?(text: string): void;
  close(name: string): void;
  /** True when the rest is not needed. */
  isDone?(): boolean;
  flush?(): Promise<void>;
}

const MAX_UNTAGGED = 4_000_000;

interface XmlOptions {
  readonly field: string;
  readonly signal: AbortSignal;
}

/** Parses a part piece by piece. Entities of a DTD are not expanded. */
export async function parseXml(
  stream: Readable,
  handlers: XmlHandlers,
  { field, signal }: XmlOptions,
): Promise<void> {
  const { SaxesParser } = await import("saxes");
  // Counting lines and columns would take a third of the time.
  const parser = new SaxesParser({ position: false });
  parser.on("error", (error) => {
    throw damaged(field, error);
  });
  const text = (piece: string): void => handlers.text?.(piece);
  parser.on("opentag", ({ name, attributes }) =>
    handlers.open(local(name), attributes as Attributes),
  );
  parser.on("closetag", ({ name }) => handlers.close(local(name)));
  parser.on("text", text);
  parser.on("cdata", text);
  let untagged = 0;
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      const piece = decoder.decode(chunk, { stream: true });
      // The parser collects a text or a value until a tag ends it.
      untagged = piece.includes("<") ? 0 : untagged + piece.length;
      if (untagged > MAX_UNTAGGED) {
        throw damaged(field, new Error(`it has over ${MAX_UNTAGGED} characters without a tag`));
      }
      parser.write(piece);
      await handlers.flush?.();
      if (handlers.isDone?.()) return;
    }
    parser.close();
  } catch (error) {
    signal.throwIfAborted();
    throw toReadError(error, field);
  } finally {
    stream.destroy();
  }
}

/** Errors of zlib and yauzl name neither the file nor what is wrong with it. */
function toReadError(error: unknown, field: string): unknown {
  if (!(error instanceof Error)) return error;
  const fromZip =
    ("code" in error && String(error.code).startsWith("Z_")) ||
    /bytes in the stream/.test(error.message);
  return fromZip ? damaged(field, error) : error;
}

function local(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
