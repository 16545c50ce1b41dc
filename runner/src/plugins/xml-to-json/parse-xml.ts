import type { SaxesTagNS } from "saxes";
import { createBuilder, type BuildOptions, type Json } from "./build-json.ts";
import { createEntities } from "./entities.ts";

const MAX_NAMESPACES = 100;

export interface ParseOptions extends BuildOptions {
  readonly field: string;
  readonly maxNodes: number;
  readonly maxDepth: number;
  readonly maxTextChars: number;
  readonly signal: AbortSignal;
  onElements(elements: number): void;
}

export interface Parsed {
  readonly data: Json;
  readonly root: string;
  readonly elements: number;
  readonly attributes: number;
  readonly mixedElements: number;
  readonly namespaces: { prefix: string; uri: string }[];
}

/** Throws an Error with the line if the XML is not well-formed or exceeds a limit. */
export async function parseXml(
  pieces: AsyncIterable<string>,
  options: ParseOptions,
): Promise<Parsed> {
  const { field } = options;
  const { SaxesParser } = await import("saxes");
  const parser = new SaxesParser({ xmlns: true });
  const entities = createEntities(field);
  parser.ENTITIES = entities.table;
  const builder = createBuilder(options);
  const namespaces = new Map<string, { prefix: string; uri: string }>();
  let elements = 0;
  let attributes = 0;
  let depth = 0;
  const limit = (found: number, name: "maxNodes" | "maxDepth" | "maxTextChars", what: string) => {
    if (found <= options[name]) return;
    throw new Error(
      `${field}: ${what} at line ${parser.line}. There must be at most ${options[name]}, which is the option ${name}.`,
    );
  };
  const addText = (text: string): void => {
    limit(text.length, "maxTextChars", `a text has ${text.length} characters`);
    builder.addText(text);
  };
  parser.on("error", (error) => {
    throw toXmlError(error, field, entities.reasons());
  });
  parser.on("doctype", (doctype) => entities.declare(doctype));
  parser.on("text", addText);
  parser.on("cdata", addText);
  // The attributes of an endless tag are checked before the tag is complete.
  parser.on("attribute", ({ value }) => {
    attributes += 1;
    limit(value.length, "maxTextChars", `an attribute has ${value.length} characters`);
    limit(elements + attributes, "maxNodes", "there are too many elements and attributes");
  });
  parser.on("opentag", (tag: SaxesTagNS) => {
    elements += 1;
    depth += 1;
    limit(depth, "maxDepth", `elements are nested ${depth} deep`);
    limit(elements + attributes, "maxNodes", "there are too many elements and attributes");
    for (const [prefix, uri] of Object.entries(tag.ns)) {
      if (namespaces.size < MAX_NAMESPACES) namespaces.set(`${prefix} ${uri}`, { prefix, uri });
    }
    builder.open(tag);
  });
  parser.on("closetag", () => {
    depth -= 1;
    builder.close();
  });
  for await (const piece of pieces) {
    options.signal.throwIfAborted();
    parser.write(piece);
    options.onElements(elements);
  }
  parser.close();
  options.onElements(elements);
  const { data, root, mixedElements } = builder.end();
  return { data, root, elements, attributes, mixedElements, namespaces: [...namespaces.values()] };
}

function toXmlError(error: Error, field: string, reasons: string): Error {
  const [, line, column, what] = /^(\d+):(\d+): (.*?)\.?$/s.exec(error.message) ?? [];
  if (what === undefined) return error;
  const hint = /entity/.test(what)
    ? `${reasons} Text must have &amp; for &, and a number such as &#160; for &nbsp;.`
    : "";
  return new Error(
    `${field}: the XML must be well-formed, but at line ${line}, column ${column}: ${what}.${hint}`,
  );
}
