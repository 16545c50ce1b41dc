import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { evaluate } from "./evaluate.ts";

const EXPRESSION_HELP =
  'A JSONata expression (docs.jsonata.org), such as `$sum(orders.price)` or `columns[nulls > 0].name` or `{"text": body}`.';

const Input = z
  .union([
    z.looseObject({
      data: z.unknown().describe("What to query: any JSON. Without `options.expression`."),
      expression: z.string().optional().describe(`${EXPRESSION_HELP} Or give options.expression.`),
    }),
    z.unknown(),
  ])
  .describe(
    "With `options.expression`, all of the input is the data: use it so behind another plugin. Without, the input is `{data, expression}`.",
  );

const Options = z.strictObject({
  expression: z
    .string()
    .optional()
    .describe(`${EXPRESSION_HELP} Then all of the input is the data. Empty: the input holds both.`),
  timeoutMs: z
    .int()
    .min(1)
    .max(600_000)
    .default(10_000)
    .describe("The longest that the expression may run, in ms."),
});

const Output = z
  .unknown()
  .describe(
    "What the expression gives, as it is, so that it can be the next plugin's input; null where it finds nothing.",
  );

export default definePlugin({
  name: "json-query",
  version: "1.0.0",
  description:
    "Queries and reshapes JSON with a JSONata expression: filter, sum, group, rename. Between two plugins it turns the output of one into the input of the next. `processedItems` counts the items of a resulting list, or 1.",
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

function toQuery(
  input: unknown,
  fromOptions: string | undefined,
): { data: unknown; expression: string } {
  if (fromOptions) return { data: input, expression: fromOptions };
  const { data, expression } = (typeof input === "object" && input !== null ? input : {}) as Record<
    string,
    unknown
  >;
  if (typeof expression === "string" && expression.trim() !== "") return { data, expression };
  throw new Error(
    "there is no expression: give options.expression, and the whole input is the data; or give the input {data, expression}",
  );
}
