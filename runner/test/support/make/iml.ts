/**
 * Evaluates the part of IML, Make's expression language, that the app and the blueprint use. An
 * expression is translated to JavaScript: indexes start at 1, equality is strict, `;` separates
 * arguments too, and a path through a missing value is empty. Anything else throws. Source:
 * developers.make.com/custom-apps-documentation/block-elements/iml
 */
import { createHmac } from "node:crypto";
import { compileFunction } from "node:vm";

type Variables = Readonly<Record<string, unknown>>;

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === "";

function choose(value: unknown, ...cases: unknown[]): unknown {
  for (let at = 0; at + 1 < cases.length; at += 2) {
    if (cases[at] === value) return cases[at + 1];
  }
  return cases.length % 2 === 1 ? cases.at(-1) : undefined;
}

const FUNCTIONS = {
  if: (condition: unknown, then: unknown, otherwise: unknown) => (condition ? then : otherwise),
  ifempty: (value: unknown, otherwise: unknown) => (isEmpty(value) ? otherwise : value),
  switch: choose,
  contains: (whole: string | unknown[] | undefined, part: string) => whole?.includes(part) ?? false,
  length: (value: string | unknown[] | undefined) => value?.length ?? 0,
  join: (list: unknown[] | undefined, separator: string) => list?.join(separator) ?? "",
  min: Math.min,
  replace: (text: string, search: string, by: string) => text.replace(search, by),
  toArray: (collection: object | undefined) =>
    Object.entries(collection ?? {}).map(([key, value]) => ({ key, value })),
  createJSON: (value: unknown) => JSON.stringify(value),
  sha256: (text: string, encoding: "base64" | "hex", key: string, keyEncoding: BufferEncoding) =>
    createHmac("sha256", Buffer.from(key, keyEncoding)).update(text).digest(encoding),
};

/** A variable is a name, or the number of a module in front of a dot. */
const TOKEN =
  /\.(?<key>`[^`]+`|\w+)|(?<call>[a-z]\w*)\(|(?<same>'[^']*'|"[^"]*"|null\b|undefined\b)|(?<variable>[a-z]\w*|\d+(?=\.))|(?<sign>\d+|==|!=|[[\],;()+>]|\s+)|(?<unknown>.)/gi;
const SIGNS: Readonly<Record<string, string>> = {
  "==": "===",
  "!=": "!==",
  ";": ",",
  "[": "?.[-1 + ",
};

function evaluate(expression: string, variables: Variables): unknown {
  const code = Array.from(expression.matchAll(TOKEN), ({ groups: token = {} }) => {
    if (token["unknown"] !== undefined) {
      throw new Error(`IML: "${expression}" cannot be read at "${token["unknown"]}".`);
    }
    if (token["key"] !== undefined) return `?.["${token["key"].replaceAll("`", "")}"]`;
    if (token["call"] !== undefined) return `functions.${token["call"]}(`;
    if (token["variable"] !== undefined) return `variables["${token["variable"]}"]`;
    const sign = token["sign"] ?? "";
    return token["same"] ?? SIGNS[sign] ?? sign;
  });
  const run = compileFunction(`return ${code.join("")}`, ["variables", "functions"]);
  return run(variables, FUNCTIONS);
}

const SPREAD = "{{...}}";
const EXPRESSION = /\{\{(.*?)\}\}/gs;

/** Replaces every expression in a template. Removes fields whose value is undefined. */
export function render(template: unknown, variables: Variables): unknown {
  if (typeof template === "string") {
    const [only] = template.matchAll(EXPRESSION);
    if (only?.[0] === template) return evaluate(only[1] ?? "", variables);
    return template.replaceAll(EXPRESSION, (_, expression: string) => {
      const value = evaluate(expression, variables);
      return isEmpty(value) ? "" : String(value);
    });
  }
  if (Array.isArray(template)) return template.map((item) => render(item, variables));
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).flatMap(([key, value]): [string, unknown][] => {
    const rendered = render(value, variables);
    return key === SPREAD ? Object.entries(rendered as object) : [[key, rendered]];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
