/**
 * As much of IML, Make's expression language, as the app and the blueprint use, as
 * developers.make.com/custom-apps-documentation/block-elements/iml has it: 1-based indexes, strict
 * equality, `,` or `;` between arguments. What it does not know it throws at.
 */
import { createHmac } from "node:crypto";

type Variables = Readonly<Record<string, unknown>>;
type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === "";

function chosen(value: unknown, cases: readonly unknown[]): unknown {
  for (let at = 0; at + 1 < cases.length; at += 2) {
    if (cases[at] === value) return cases[at + 1];
  }
  return cases.length % 2 === 1 ? cases.at(-1) : undefined;
}

const FUNCTIONS: Functions = {
  if: (condition: unknown, then: unknown, otherwise: unknown) => (condition ? then : otherwise),
  ifempty: (value: unknown, otherwise: unknown) => (isEmpty(value) ? otherwise : value),
  switch: (value: unknown, ...cases: unknown[]) => chosen(value, cases),
  contains: (whole: string | unknown[] | undefined, part: string) => whole?.includes(part) ?? false,
  length: (value: string | unknown[] | undefined) => value?.length ?? 0,
  join: (list: unknown[] | undefined, separator: string) => list?.join(separator) ?? "",
  min: (...values: number[]) => Math.min(...values),
  replace: (text: string, search: string, by: string) => text.replace(search, by),
  toArray: (collection: object | undefined) =>
    Object.entries(collection ?? {}).map(([key, value]) => ({ key, value })),
  createJSON: (value: unknown) => JSON.stringify(value),
  sha256: (text: string, encoding: "base64" | "hex", key: string, keyEncoding: BufferEncoding) =>
    createHmac("sha256", Buffer.from(key, keyEncoding)).update(text).digest(encoding),
};

const KEYWORDS: Variables = { true: true, false: false, null: null, undefined };

const TOKEN =
  /\s*(?:(?<string>'[^']*'|"[^"]*")|(?<name>`[^`]+`|[A-Za-z_][\w]*)|(?<number>\d+(?![\w.`]*[A-Za-z_`]))|(?<module>\d+)(?=\.)|(?<sign>==|!=|&&|\|\||[.,;()[\]+!=<>]))/y;

interface Token {
  readonly kind: "string" | "name" | "number" | "module" | "sign";
  readonly text: string;
}

function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (expression.slice(TOKEN.lastIndex).trim() !== "") {
    const from = TOKEN.lastIndex;
    const groups = TOKEN.exec(expression)?.groups;
    const found = Object.entries(groups ?? {}).find(([, text]) => text !== undefined);
    if (found === undefined) throw new Error(`IML: "${expression.slice(from)}" is not known.`);
    tokens.push({ kind: found[0] as Token["kind"], text: found[1] ?? "" });
  }
  return tokens;
}

function evaluate(expression: string, variables: Variables): unknown {
  const tokens = tokensOf(expression);
  let at = 0;
  const isSign = (...texts: string[]): boolean =>
    tokens[at]?.kind === "sign" && texts.includes(tokens[at]?.text ?? "");
  const fail = (): never => {
    throw new Error(`IML: "${expression}" cannot be read at "${tokens[at]?.text ?? "its end"}".`);
  };
  const skip = (text: string): void => void (isSign(text) ? (at += 1) : fail());

  const LEVELS: Record<string, (a: never, b: never) => unknown>[] = [
    { "||": (a: unknown, b: unknown) => a || b },
    { "&&": (a: unknown, b: unknown) => a && b },
    {
      "=": (a: unknown, b: unknown) => a === b,
      "==": (a: unknown, b: unknown) => a === b,
      "!=": (a: unknown, b: unknown) => a !== b,
    },
    { "<": (a: number, b: number) => a < b, ">": (a: number, b: number) => a > b },
    { "+": (a: string, b: string) => a + b },
  ];

  function binary(level: number): unknown {
    const signs = LEVELS[level];
    if (signs === undefined) return unary();
    let left = binary(level + 1);
    while (isSign(...Object.keys(signs))) {
      const apply = signs[tokens[at++]?.text ?? ""];
      left = apply?.(left as never, binary(level + 1) as never);
    }
    return left;
  }

  function unary(): unknown {
    if (!isSign("!")) return path();
    at += 1;
    return !unary();
  }

  function path(): unknown {
    let value = primary();
    while (isSign(".", "[")) {
      const isIndex = isSign("[");
      at += 1;
      const key = isIndex ? Number(binary(0)) - 1 : (tokens[at++]?.text ?? "").replaceAll("`", "");
      if (isIndex) skip("]");
      value = (value as Variables | null | undefined)?.[key];
    }
    return value;
  }

  function primary(): unknown {
    if (isSign("(")) {
      at += 1;
      const value = binary(0);
      skip(")");
      return value;
    }
    const token = tokens[at++] ?? fail();
    const { kind, text } = token;
    if (kind === "string") return text.slice(1, -1);
    if (kind === "number") return Number(text);
    if (kind === "sign") return fail();
    if (isSign("(")) return call(text);
    return text in KEYWORDS ? KEYWORDS[text] : variables[text.replaceAll("`", "")];
  }

  function call(name: string): unknown {
    const args: unknown[] = [];
    skip("(");
    while (!isSign(")")) {
      args.push(binary(0));
      if (isSign(",", ";")) at += 1;
    }
    skip(")");
    const apply = FUNCTIONS[name];
    if (apply === undefined) throw new Error(`IML: there is no function "${name}" here.`);
    return apply(...(args as never[]));
  }

  const value = binary(0);
  return at === tokens.length ? value : fail();
}

const SPREAD = "{{...}}";
const EXPRESSION = /\{\{(.*?)\}\}/gs;

/** A template with every expression in it replaced. What comes out undefined is left out. */
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
