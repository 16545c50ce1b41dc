/**
 * Converts a JSON Schema to the interface of a Make module: the fields that other modules can map.
 */
import type { Schema } from "../reference/schema-table.ts";

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly spec?: readonly Field[] | { readonly type: string };
}

export function toInterface(schema: Schema): Field[] {
  return Object.entries(schema.properties ?? {}).map(([name, value]) => toField(name, value));
}

/** Merges the interfaces of several kinds of bundles, nested fields included. */
export function mergeInterfaces(interfaces: readonly (readonly Field[])[]): Field[] {
  const merged = new Map<string, Field>();
  for (const field of interfaces.flat()) {
    const known = merged.get(field.name);
    merged.set(field.name, known === undefined ? field : mergeFields(known, field));
  }
  return [...merged.values()];
}

function mergeFields(a: Field, b: Field): Field {
  if (a.type !== b.type)
    throw new Error(`The field "${a.name}" has two types: ${a.type} and ${b.type}.`);
  if (!isFields(a.spec) || !isFields(b.spec)) return a;
  return { ...a, spec: mergeInterfaces([a.spec, b.spec]) };
}

function isFields(spec: Field["spec"]): spec is readonly Field[] {
  return Array.isArray(spec);
}

function toField(name: string, schema: Schema): Field {
  const value = withoutNull(schema);
  const type = toType(value);
  const field = { name, type, label: toLabel(name) };
  // Keys that differ between jobs, such as plugin names, cannot be declared.
  if (type === "collection") {
    return value.properties === undefined ? field : { ...field, spec: toInterface(value) };
  }
  if (type !== "array") return field;
  const item = value.items ?? {};
  return {
    ...field,
    spec: item.properties === undefined ? { type: toType(item) } : toInterface(item),
  };
}

function withoutNull(schema: Schema): Schema {
  const others = schema.anyOf?.filter(({ type }) => type !== "null") ?? [];
  return others.length === 1 && others[0] !== undefined ? others[0] : schema;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "integer",
  number: "number",
  boolean: "boolean",
  array: "array",
  object: "collection",
};

function toType({ type, format }: Schema): string {
  if (format === "date-time") return "date";
  const name = typeof type === "string" ? type : type?.find((each) => each !== "null");
  return TYPES[name ?? ""] ?? "any";
}

/** Turns `completedPlugins` into `Completed plugins`. */
function toLabel(name: string): string {
  const words = name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return (words.charAt(0).toUpperCase() + words.slice(1)).replace(/\b(id|url)\b/i, (word) =>
    word.toUpperCase(),
  );
}
