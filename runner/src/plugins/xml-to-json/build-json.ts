import type { SaxesTagNS } from "saxes";

export type Json = string | number | Json[] | JsonObject;

interface JsonObject {
  [key: string]: Json;
}

export interface BuildOptions {
  readonly arrays: readonly string[];
  readonly numbers: boolean;
  readonly namespaces: "keep" | "remove";
  readonly order: "mixed" | "all";
  readonly attributePrefix: string;
  readonly textKey: string;
  readonly trim: boolean;
}

interface Open {
  readonly name: string;
  readonly attributes: [string, Json][];
  /** Texts, and elements with their names, in the order of the document. */
  readonly content: (string | readonly [string, Json])[];
}

export interface Builder {
  open(tag: SaxesTagNS): void;
  addText(text: string): void;
  close(): void;
  end(): { data: Json; root: string; mixedElements: number };
}

const CONTENT_KEY = "#content";
/** Numbers that are written as JavaScript writes them, except for zeros at the end. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const MAX_DIGITS = 15;

export function createBuilder(options: BuildOptions): Builder {
  const top: Open = { name: "", attributes: [], content: [] };
  const path: Open[] = [top];
  const lists = new Set(options.arrays);
  const isList = (name: string): boolean => lists.has(name) || lists.has("*");
  let mixedElements = 0;

  const toValue = (text: string): Json => {
    const value = options.trim ? text.trim() : text;
    const isNumber = options.numbers && NUMBER.test(value) && countDigits(value) <= MAX_DIGITS;
    return isNumber ? Number(value) : value;
  };

  const toJson = ({ attributes, content }: Open): Json => {
    const children = content.filter((part) => typeof part !== "string");
    const texts = content.filter((part) => typeof part === "string");
    const isMixed = children.length > 0 && texts.some((text) => text.trim() !== "");
    if (isMixed) mixedElements += 1;
    if (attributes.length === 0 && children.length === 0) return toValue(texts.join(""));
    const json: JsonObject = {};
    for (const [key, value] of attributes) set(json, key, value);
    if (isMixed || (options.order === "all" && children.length > 0)) {
      const parts = content
        .filter((part) => typeof part !== "string" || isMixed)
        .map((part) => (typeof part === "string" ? part : toObject(part)));
      set(json, CONTENT_KEY, parts);
      return json;
    }
    if (children.length === 0) {
      const value = toValue(texts.join(""));
      if (value !== "") set(json, options.textKey, value);
      return json;
    }
    return addChildren(json, children, isList);
  };

  return {
    open({ name, local, attributes }) {
      path.push({
        name: options.namespaces === "keep" ? name : local,
        attributes: toAttributes(attributes, options, toValue),
        content: [],
      });
    },
    addText(text) {
      const { content } = path.at(-1)!;
      const last = content.at(-1);
      // Text around CDATA is one text.
      if (typeof last === "string") content[content.length - 1] = last + text;
      else content.push(text);
    },
    close() {
      const closed = path.pop()!;
      path.at(-1)!.content.push([closed.name, toJson(closed)]);
    },
    end() {
      const roots = top.content.filter((part) => typeof part !== "string");
      const json: JsonObject = {};
      return { data: addChildren(json, roots, () => false), root: roots[0]![0], mixedElements };
    },
  };
}

const countDigits = (text: string): number => text.replaceAll(/[-.]/g, "").length;

/** An assignment to `__proto__` would set no key. Objects without a prototype are slow to write as JSON. */
function set(json: JsonObject, key: string, value: Json): void {
  if (Object.hasOwn(json, key)) {
    throw new Error(
      `an attribute and an element or a text of the same element have the key ${JSON.stringify(key)}: set the option attributePrefix or textKey to another text`,
    );
  }
  if (key !== "__proto__") {
    json[key] = value;
    return;
  }
  Object.defineProperty(json, key, { value, enumerable: true, configurable: true, writable: true });
}

function toObject([name, value]: readonly [string, Json]): JsonObject {
  const json: JsonObject = {};
  set(json, name, value);
  return json;
}

function addChildren(
  json: JsonObject,
  children: readonly (readonly [string, Json])[],
  isList: (name: string) => boolean,
): Json {
  const grouped = new Map<string, Json[]>();
  for (const [name, value] of children) {
    const group = grouped.get(name);
    if (group) group.push(value);
    else grouped.set(name, [value]);
  }
  for (const [name, values] of grouped) {
    set(json, name, values.length > 1 || isList(name) ? values : values[0]!);
  }
  return json;
}

function toAttributes(
  attributes: SaxesTagNS["attributes"],
  { namespaces, attributePrefix }: BuildOptions,
  toValue: (text: string) => Json,
): [string, Json][] {
  const list: [string, Json][] = [];
  const all = Object.values(attributes);
  const count = new Map<string, number>();
  for (const { local } of all) count.set(local, (count.get(local) ?? 0) + 1);
  for (const { name, prefix, local, value } of all) {
    if (namespaces === "remove" && (prefix === "xmlns" || name === "xmlns")) continue;
    // Attributes with the same local name keep their prefixes. Otherwise one would replace the other.
    const key = namespaces === "keep" || count.get(local)! > 1 ? name : local;
    list.push([attributePrefix + key, toValue(value)]);
  }
  return list;
}
