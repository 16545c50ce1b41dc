import { z } from "zod";

export const integer = (min: number, max: number) =>
  z.coerce
    .number(`must be a whole number from ${min} to ${max}`)
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);

export const httpUrl = z
  .url({
    protocol: /^https?$/,
    error: "must be an http or https URL, such as https://jobs.example.com",
  })
  .transform((text) => text.replace(/\/+$/, ""));

/** What `parse` makes of the text. The message of its error continues "it ". */
export const parsed = <Value>(parse: (text: string) => Value) =>
  z.string().transform((text, ctx): Value => {
    try {
      return parse(text);
    } catch (error) {
      ctx.addIssue({ code: "custom", message: (error as Error).message, input: text });
      return z.NEVER;
    }
  });
