/**
 * The depth of nested calls. With a higher limit, an endless recursion would overflow the thread's
 * stack.
 */
const MAX_DEPTH = 500;

interface Query {
  readonly expression: string;
  readonly data: unknown;
  readonly timeoutMs: number;
}

/**
 * Returns the value of the expression as plain JSON, or null if it matches nothing. Throws an Error
 * that says where the expression is wrong, or that it ran too long or too deep.
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

/** JSONata throws plain objects. The codes of its parser begin with S and come with a position. */
function toError(thrown: unknown, expression: string): Error {
  const { code, position, message } = thrown as {
    code?: string;
    position?: number;
    message?: string;
  };
  const reason = message ?? String(thrown);
  if (code === undefined) return new Error(`the expression failed: ${reason}`, { cause: thrown });
  const kind = code.startsWith("S") ? "is not valid" : "failed";
  const where =
    position === undefined ? "" : ` at character ${position}${near(expression, position)}`;
  return new Error(`the expression ${kind}${where}: ${reason} (JSONata ${code})`);
}

function near(expression: string, position: number): string {
  const before = expression.slice(Math.max(0, position - 30), position);
  const after = expression.slice(position, position + 30);
  return ` (${JSON.stringify(before)} ◂ ${JSON.stringify(after)})`;
}

/**
 * Returns a plain copy: JSONata adds properties to lists, and the result can contain objects of the
 * input.
 */
function toJson(result: unknown): unknown {
  if (result === undefined) return null;
  const text = JSON.stringify(result, (key, value: unknown) => {
    if (isFunction(value)) {
      const where = key === "" ? "" : ` at ${JSON.stringify(key)}`;
      throw new Error(`the expression returns a function${where}: call the function or remove it`);
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
