/** Which parts of a schema get a field for any JSON value, because a form for them would say less. */
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { takesFile } from "../../../files/reference.ts";

export interface FormPlan {
  readonly schema: RJSFSchema;
  readonly uiSchema: UiSchema;
}

const MAX_DEPTH = 6;

export function planForm(schema: RJSFSchema): FormPlan {
  const simple = simplify(schema);
  return { schema: simple, uiSchema: markFiles(planFields(simple, 0), schema) };
}

/** Null needs no field of its own. A file is attached beside the field. What allows anything is for the JSON tab. */
function simplify(schema: RJSFSchema): RJSFSchema {
  const { anyOf, oneOf, ...rest } = schema;
  const choices = (anyOf ?? oneOf ?? []).filter(
    (choice): choice is RJSFSchema => typeof choice === "object",
  );
  const meant = choices
    .filter(({ type, properties }) => type !== "null" && properties?.["$file"] === undefined)
    .filter(isSpecific);
  const [only] = meant;
  const itself = meant.length === 1 && only !== undefined ? { ...rest, ...only } : schema;
  if (itself.properties === undefined) return itself;
  return {
    ...itself,
    properties: Object.fromEntries(
      Object.entries(itself.properties).map(([name, field]) => [
        name,
        // The library shows nothing for a schema without a keyword.
        typeof field === "object" && Object.keys(field).length > 0
          ? simplify(field)
          : { title: name },
      ]),
    ),
  };
}

/** Below this, a file's place is only in the JSON tab. */
function markFiles(plan: UiSchema, schema: RJSFSchema): UiSchema {
  const marked = { ...plan };
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (takesFile(field)) marked[name] = { ...marked[name], "ui:options": { takesFile: true } };
  }
  return marked;
}

function isSpecific(schema: RJSFSchema): boolean {
  return KEYWORDS.some((keyword) => keyword in schema);
}
const KEYWORDS = ["type", "properties", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"];

function planFields(schema: RJSFSchema, depth: number): UiSchema {
  if (depth > MAX_DEPTH || !isSpecific(schema) || hasSeveralTypes(schema)) {
    return { "ui:field": "JsonField" };
  }
  const plan: UiSchema = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (typeof field === "object") plan[name] = planFields(field, depth + 1);
  }
  const { items, additionalProperties } = schema;
  if (schema.type === "array") {
    // A list of lists, or a list whose items are each of their own kind.
    if (typeof items !== "object" || Array.isArray(items)) return { "ui:field": "JsonField" };
    plan["items"] = planFields(items, depth + 1);
  }
  if (typeof additionalProperties === "object" && isSpecific(additionalProperties)) {
    plan["additionalProperties"] = planFields(additionalProperties, depth + 1);
  } else if (schema.type === "object" && schema.properties === undefined) {
    return { "ui:field": "JsonField" };
  }
  return plan;
}

function hasSeveralTypes({ type, anyOf, oneOf }: RJSFSchema): boolean {
  return Array.isArray(type) || anyOf !== undefined || oneOf !== undefined;
}
