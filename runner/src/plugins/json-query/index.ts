import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { evaluate } from "./evaluate.ts";

const EXPRESSION_HELP =
  'A JSONata expression (see docs.jsonata.org), such as `$sum(orders.price)`, `columns[nulls > 0].name` or `{"text": body}`.';

const BOTH_WAYS =
  "set options.expression (the whole input is then the data), or use the input {data, expression}";

const Input = z
  .union([
    z.looseObject({
      data: z.unknown().describe("The JSON value to query, if `options.expression` is not set."),
      expression: z
        .string()
        .optional()
        .describe(`${EXPRESSION_HELP} Alternatively, set \`options.expression\`.`),
    }),
    z.unknown(),
  ])
  .describe(
    "If `options.expression` is set, the whole input is the data. Use it this way after another plugin. Otherwise the input must be `{data, expression}`.",
  );

const Options = z.strictObject({
  expression: z
    .string()
    .optional()
    .describe(
      `${EXPRESSION_HELP} If set, the whole input is the data. If empty, the input must contain both \`data\` and \`expression\`.`,
    ),
  timeoutMs: z
    .int()
    .min(1)
    .max(600_000)
    .default(10_000)
    .describe("The maximum run time of the expression, in milliseconds."),
});

const Output = z
  .unknown()
  .describe(
    "The value of the expression, unchanged, so that it can be the input of the next plugin. Null if the expression matches nothing.",
  );

export default definePlugin({
  name: "json-query",
  exactIntegers: true,
  version: "1.1.0",
  description:
    "Queries and reshapes JSON with a JSONata expression: filter, sum, group, rename. Between two plugins, it turns the output of the first into the input of the second. `processedItems` counts the items of a list result, or 1 for any other result.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      data: { orders: [{ price: 12.5 }, { price: 30 }] },
      expression: "$sum(orders.price)",
    },
  },
  async run(input, ctx) {
    const { data, expression } = toQuery(input, ctx.options.expression);
    const result = await evaluate({ expression, data, timeoutMs: ctx.options.timeoutMs });
    ctx.signal.throwIfAborted();
    ctx.metrics.add("processedItems", Array.isArray(result) ? result.length : 1);
    return result;
  },
});

interface Query {
  readonly data: unknown;
  readonly expression: string;
}

function toQuery(input: unknown, fromOptions: string | undefined): Query {
  if (fromOptions) return { data: input, expression: fromOptions };
  const given = (typeof input === "object" && input !== null ? input : {}) as Partial<Query>;
  if (given.expression === undefined) throw new Error(`there is no expression: ${BOTH_WAYS}`);
  const { expression } = given;
  if (typeof expression !== "string" || expression.trim() === "") {
    throw new Error(
      `expression is ${JSON.stringify(expression).slice(0, 100)}: it must be a text with a JSONata expression; ${BOTH_WAYS}`,
    );
  }
  // Without this check, a misspelt field would look like data in which nothing is found.
  if (!("data" in given)) {
    const others = Object.keys(given).filter((name) => name !== "expression");
    const found = others.map((name) => JSON.stringify(name)).join(", ") || "no other field";
    throw new Error(
      `data is missing: the input has an expression and ${found.slice(0, 200)}; ${BOTH_WAYS}`,
    );
  }
  return { data: given.data, expression };
}
