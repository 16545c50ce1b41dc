/** Calls within calls. Higher, and a recursion that does not end would overflow the thread's own stack. */
const MAX_DEPTH = 500;

interface Query {
  readonly expression: string;
  readonly data: unknown;
  readonly timeoutMs: number;
}

/**
 * The expression's value as plain JSON, null where it finds nothing. Throws an Error that says
 * where the expression is wrong, or that it ran too long or too deep.
 */
export async function evaluate({ expression, data, timeoutMs }: Query): Promise<unknown> {
  const { default: jsonata } = await import("jsonata");
  let result: unknown;
  try {
    const query = jsonata(expression, { timeout: timeoutMs, stack: MAX_DEPTH });
    result = await query.evaluate(data);
  } catch (error) {
    throw toError(error, expression);
  }
  return toJson(result);
}

/** JSONata throws plain objects; those of its parser begin with S and know the position. */
function toError(thrown: unknown, expression: string): Error {
  const { code, position, message } = thrown as {
    code?: string;
    position?: number;
    message?: string;
  };
  const what = message ?? String(thrown);
  if (code === undefined) return new Error(`the expression failed: ${what}`, { cause: thrown });
  const kind = code.startsWith("S") ? "is not valid" : "failed";
  const where =
    position === undefined ? "" : ` at character ${position}${near(expression, position)}`;
  return new Error(`the expression ${kind}${where}: ${what} (JSONata ${code})`);
}

function near(expression: string, position: number): string {
  const before = expression.slice(Math.max(0, position - 30), position);
  const after = expression.slice(position, position + 30);
  return ` (${JSON.stringify(before)} ◂ ${JSON.stringify(after)})`;
}

/** A plain copy: JSONata marks its lists, and what it found may be the input's own objects. */
function toJson(result: unknown): unknown {
  if (result === undefined) return null;
  const text = JSON.stringify(result, (key, value: unknown) => {
    if (isFunction(value)) {
      const where = key === "" ? "" : ` at ${JSON.stringify(key)}`;
      throw new Error(`the expression gives a function${where}: call it, or leave it out`);
    }
    return value;
  });
  return JSON.parse(text) as unknown;
}

function isFunction(value: unknown): boolean {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  return "_jsonata_lambda" in value || "_jsonata_function" in value;
}
