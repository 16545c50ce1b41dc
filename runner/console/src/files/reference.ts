/** References to files: `{"$file": "file_…"}` in an input or in options. */

export interface FileReference {
  readonly $file: string;
}

export function referenceTo(fileId: string): FileReference {
  return { $file: fileId };
}

/** As people and our documents write it. */
export function referenceText(fileId: string): string {
  return `{"$file": ${JSON.stringify(fileId)}}`;
}

export function isReference(value: unknown): value is FileReference {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<FileReference>).$file === "string"
  );
}

type Schema = Readonly<Record<string, unknown>>;

/** Whether a reference fits: the schema is one of a reference, or has it as an alternative. */
export function takesFile(schema: unknown): boolean {
  if (!isSchema(schema)) return false;
  const { properties, anyOf, oneOf } = schema;
  if (isSchema(properties) && "$file" in properties) return true;
  return [anyOf, oneOf].some((choices) => Array.isArray(choices) && choices.some(takesFile));
}

/** Whether nothing but a reference fits. */
export function takesOnlyFile(schema: unknown): boolean {
  if (!takesFile(schema) || !isSchema(schema)) return false;
  const choices = [schema["anyOf"], schema["oneOf"]].filter(Array.isArray).flat();
  return choices.every((one) => takesOnlyFile(one) || (isSchema(one) && one["type"] === "null"));
}

/** The field of an input that takes a file: its name, "" for the input itself, or null. */
export function fileFieldOf(schema: Schema | null): string | null {
  if (schema === null) return null;
  if (takesFile(schema)) return "";
  const { properties } = schema;
  if (!isSchema(properties)) return null;
  const found = Object.entries(properties).find(([, field]) => takesFile(field));
  return found?.[0] ?? null;
}

/**
 * A plugin's example input with the file in it. A field that is not required may stand for another, as
 * `file` for `text`, so that only the required ones stay beside it. Null if the schema has no place for it.
 */
export function inputWithFile(schema: Schema | null, example: unknown, fileId: string): unknown {
  const field = fileFieldOf(schema);
  if (schema === null || field === "") return referenceTo(fileId);
  if (field === null) return null;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const values = isSchema(example) ? Object.entries(example) : [];
  const kept = required.includes(field)
    ? values
    : values.filter(([name]) => required.includes(name));
  return { ...Object.fromEntries(kept), [field]: referenceTo(fileId) };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
