/** A JSON Schema in words, field by field. */

type Schema = Readonly<Record<string, unknown>>;

export interface SchemaField {
  /** With the names of the objects around it: "address.city". */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** "default auto", "at least 1". */
  readonly rules: readonly string[];
  readonly description: string | undefined;
  readonly depth: number;
}

interface Described {
  readonly description: string | undefined;
  readonly fields: readonly SchemaField[];
}

const MAX_DEPTH = 3;

export function describeSchema(schema: Schema): Described {
  return { description: textOf(schema["description"]), fields: fieldsOf(schema, "", 0) };
}

function fieldsOf(schema: Schema, prefix: string, depth: number): SchemaField[] {
  const around = alternativesOf(schema).find((each) => each["properties"] !== undefined) ?? schema;
  const required = listOf(around["required"]);
  return Object.entries(objectOf(around["properties"])).flatMap(([key, value]) => {
    const field = objectOf(value);
    const name = `${prefix}${key}`;
    const own: SchemaField = {
      name,
      type: typeOf(field),
      isRequired: required.includes(key),
      rules: rulesOf(field),
      description: textOf(field["description"]),
      depth,
    };
    const inner = field["type"] === "array" ? objectOf(field["items"]) : field;
    const mark = field["type"] === "array" ? "[]." : ".";
    return depth < MAX_DEPTH ? [own, ...fieldsOf(inner, `${name}${mark}`, depth + 1)] : [own];
  });
}

function alternativesOf(schema: Schema): Schema[] {
  return [...listOf(schema["anyOf"]), ...listOf(schema["oneOf"])].map(objectOf);
}

function typeOf(schema: Schema): string {
  const { type } = schema;
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  const choices = listOf(schema["enum"]);
  if (choices.length > 0) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeOf))].join(" | ");
  if (type === "array") return `list of ${typeOf(objectOf(schema["items"]))}`;
  if (Array.isArray(type)) return type.join(" | ");
  return typeof type === "string" ? type : "any value";
}

const RULES: readonly (readonly [keyword: string, before: string, after?: string])[] = [
  ["default", "default"],
  ["minimum", "at least"],
  ["maximum", "at most"],
  ["exclusiveMinimum", "more than"],
  ["exclusiveMaximum", "less than"],
  ["minItems", "at least", "items"],
  ["maxItems", "at most", "items"],
  ["maxLength", "at most", "characters"],
  ["pattern", "matches"],
  ["format", "format"],
];
const SHOWN = 60;

function rulesOf(schema: Schema): string[] {
  return RULES.flatMap(([keyword, before, after]) => {
    const value = schema[keyword];
    // What every integer keeps to says nothing.
    if (value === undefined || Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return [];
    const text = typeof value === "string" && value !== "" ? value : JSON.stringify(value);
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text;
    return [[before, shown, after].filter(Boolean).join(" ")];
  });
}

function objectOf(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Schema)
    : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
