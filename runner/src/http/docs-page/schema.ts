/** A JSON Schema as people read it: a short type, and a table of an object's fields. */
import { html, json, prose, type Html } from "../pages/html.ts";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export function typeOf(schema: Schema): Html {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return html`<a href="#${name}">${name}</a>`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return joined(choices.map(typeOf), " or ");
  if (schema.const !== undefined) return html`${JSON.stringify(schema.const)}`;
  if (schema.enum !== undefined) {
    return joined(
      schema.enum.map((value) => html`${JSON.stringify(value)}`),
      " or ",
    );
  }
  if (schema.type === "array") return html`list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return html`object of ${typeOf(schema.additionalProperties)}`;
  }
  const types = [schema.type ?? "any JSON"].flat();
  return html`${schema.format ?? types.join(" or ")}`;
}

function joined(parts: readonly Html[], between: string): Html {
  return html`${parts.map((part, at) => (at === 0 ? part : html`${between}${part}`))}`;
}

/** What narrows the type: bounds and the default. */
export function limitsOf(schema: Schema): string {
  const bounds = [
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minItems, schema.maxItems, " items"),
    schema.default === undefined ? null : `default ${JSON.stringify(schema.default)}`,
  ];
  return bounds.filter((bound) => bound !== null).join(", ");
}

function range(min: number | undefined, max: number | undefined, unit: string): string | null {
  // The default integer bounds carry no information.
  const low = min === Number.MIN_SAFE_INTEGER ? undefined : min;
  const high = max === Number.MAX_SAFE_INTEGER ? undefined : max;
  if (low === undefined && high === undefined) return null;
  if (high === undefined) return `from ${low}${unit}`;
  return low === undefined ? `up to ${high}${unit}` : `${low} to ${high}${unit}`;
}

function fieldRows(schema: Schema, above: string): Html[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${above}${name}`;
    const optional = schema.required?.includes(name) ? null : html` <small>optional</small>`;
    const row = html`<tr>
      <th><code>${path}</code>${optional}</th>
      <td class="type">${typeOf(field)}<small>${limitsOf(field)}</small></td>
      <td>${prose(field.description)}</td>
    </tr>`;
    const inner = field.type === "array" ? field.items : field;
    const suffix = field.type === "array" ? "[]." : ".";
    return [row, ...(inner === undefined ? [] : fieldRows(inner, path + suffix))];
  });
}

export function renderSchema(name: string, schema: Schema): Html {
  const rows = fieldRows(schema, "");
  const example = schema.examples?.[0];
  return html`<section class="card" id="${name}">
    <h3>${name}</h3>
    ${prose(schema.description)}
    ${
      rows.length > 0
        ? html`<table>
            ${rows}
          </table>`
        : html`<p>${typeOf(schema)}</p>`
    }
    ${
      example === undefined
        ? null
        : html`<details>
            <summary>Example</summary>
            ${json(example)}
          </details>`
    }
  </section>`;
}
