/** Recognizes zod schemas by their methods, because a plugin can have its own copy of zod. */
import { showValue } from "./value-words.ts";

/** The schema's major version of zod. Null if the value is not a schema that can parse. */
export function zodVersion(value: unknown): 3 | 4 | null {
  if (!isObject(value) || typeof value["safeParseAsync"] !== "function") return null;
  if (isObject(value["_zod"])) return 4;
  const { _def: def } = value;
  return isObject(def) && String(def["typeName"]).startsWith("Zod") ? 3 : null;
}

const WANTED = "it must be a zod schema";

/** Says why a value is not a zod schema, and what would be right. Null if it is one. */
export function zodSchemaFault(value: unknown): string | null {
  if (zodVersion(value) !== null) return null;
  const vendor = vendorOf(value);
  if (vendor !== null && vendor !== "zod") return `is a schema of ${vendor}: ${WANTED}`;
  if (!isObject(value)) return `is ${showValue(value)}: ${WANTED}, such as z.object({ … })`;
  if ("_zod" in value) {
    return `is a schema of zod's core: ${WANTED} made with "zod" or "zod/mini"`;
  }
  const members = Object.values(value);
  if (members.length > 0 && members.every((member) => zodVersion(member) !== null)) {
    return `is an object of zod schemas: wrap it as z.object({ … })`;
  }
  return isJsonSchema(value)
    ? `is a JSON Schema, ${shorten(value)}: ${WANTED}. Write it with zod, or wrap it as z.fromJSONSchema({ … })`
    : `is ${shorten(value)}: ${WANTED}, such as z.object({ … })`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The schema library's name, as https://standardschema.dev defines it. Some schemas are functions. */
function vendorOf(value: unknown): string | null {
  if (!isObject(value) && typeof value !== "function") return null;
  const { "~standard": standard } = value as Record<string, unknown>;
  return isObject(standard) && typeof standard["vendor"] === "string" ? standard["vendor"] : null;
}

const JSON_SCHEMA_WORD =
  /^(?:\$schema|\$ref|type|properties|required|additionalProperties|items|enum|const|anyOf|oneOf|allOf|not)$/;

function isJsonSchema(value: object): boolean {
  return Object.keys(value).some((key) => JSON_SCHEMA_WORD.test(key));
}

const MAX_SHOWN = 60;

/** The start of the value's JSON, or its type if it has no JSON. */
function shorten(value: object): string {
  try {
    const text = JSON.stringify(value);
    return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
  } catch {
    return showValue(value);
  }
}
