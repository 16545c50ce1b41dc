import { code, table } from "./markdown.ts";

/** The part of JSON Schema that Zod generates. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Replaces each reference to `$defs` by the definition. */
export function inlined(schema: Schema): Schema {
  const { $defs = {}, ...root } = schema;
  const text = JSON.stringify(root, (_, value: unknown) => {
    const name = (value as Schema | null)?.$ref?.replace("#/$defs/", "");
    return name === undefined ? value : $defs[name];
  });
  return JSON.parse(text) as Schema;
}

interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** A table with a row per field, nested fields included. Null if the schema names no fields. */
export function fieldTable(schema: Schema, { withDefaults }: { withDefaults: boolean }) {
  const fields = fieldsOf(schema, "");
  if (fields.length === 0) return null;
  if (!withDefaults) {
    return table(["field", "type", "meaning"], fields.map(toRow));
  }
  const rows = fields.map((field) => {
    const [path = "", type = "", meaning = ""] = toRow(field);
    return [path, type, defaultOf(field), meaning];
  });
  return table(["field", "type", "default", "meaning"], rows);
}

function toRow({ path, schema }: Field): string[] {
  return [code(path), typeOf(schema), schema.description ?? ""];
}

function defaultOf({ schema, isRequired }: Field): string {
  if (schema.default !== undefined) return code(JSON.stringify(schema.default));
  return isRequired ? "required" : "";
}

function fieldsOf(schema: Schema, prefix: string): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    { path: prefix + name, schema: field, isRequired: schema.required?.includes(name) ?? false },
    ...fieldsOf(field, `${prefix}${name}.`),
  ]);
  const listed = schema.items ? fieldsOf(schema.items, `${prefix.slice(0, -1)}[].`) : [];
  const alternatives = (schema.anyOf ?? []).flatMap((one) => fieldsOf(one, prefix));
  return [...own, ...listed, ...alternatives];
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  const { type, additionalProperties: values } = schema;
  if (type === undefined) return "any";
  if (type === "object" && typeof values === "object" && typeOf(values) !== "any") {
    return `object of ${typeOf(values)}`;
  }
  const names = typeof type === "string" ? type : type.join(" or ");
  return names + rangeOf(schema);
}

/** Zod adds the range of safe integers to every integer without a range. It is left out here. */
function rangeOf({ minimum, maximum }: Schema): string {
  const min = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const max = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? "" : `, at most ${max}`;
}
