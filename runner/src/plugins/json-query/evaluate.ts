import type jsonata from "jsonata";
import { BOUNDS, bound } from "./bounds.ts";
import { runInRealm, TimeLimitError } from "./realm.ts";
import { NotJsonError, toJson } from "./to-json.ts";

interface Query {
  readonly expression: string;
  readonly data: unknown;
  readonly timeoutMs: number;
}

/**
 * Returns the value of the expression as plain JSON, or null if it matches nothing. Throws an Error
 * that says where the expression is wrong, or that it ran too long, recursed too deep or built too
 * much.
 */
export async function evaluate({ expression, data, timeoutMs }: Query): Promise<unknown> {
  function start(library: typeof jsonata): Promise<unknown> {
    const query = library(expression, BOUNDS);
    bound(query);
    return query.evaluate(data) as Promise<unknown>;
  }
  try {
    return await runInRealm({ start, finish: toJson, timeoutMs });
  } catch (error) {
    if (error instanceof NotJsonError || error instanceof TimeLimitError) throw error;
    throw toError(error, expression);
  }
}

/** JSONata throws plain objects. The codes of its parser begin with S and come with a position. */
function toError(thrown: unknown, expression: string): Error {
  const { code, position, message } = thrown as {
    code?: string;
    position?: number;
    message?: string;
  };
  const kind = code?.startsWith("S") ? "is not valid" : "failed";
  const where =
    position === undefined ? "" : ` at character ${position}${near(expression, position)}`;
  const source = code === undefined ? "" : ` (JSONata ${code})`;
  const reason = message ?? String(thrown);
  return new Error(`the expression ${kind}${where}: ${reason}${source}`, { cause: thrown });
}

function near(expression: string, position: number): string {
  const before = expression.slice(Math.max(0, position - 30), position);
  const after = expression.slice(position, position + 30);
  return ` (${JSON.stringify(before)} ◂ ${JSON.stringify(after)})`;
}
