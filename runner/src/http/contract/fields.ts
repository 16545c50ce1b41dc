/** Fields that more than one resource has. */
import { z } from "zod";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 500;

export const Instant = z.iso
  .datetime({
    offset: true,
    error: "must be an ISO 8601 date and time with an offset, such as 2026-11-23T09:30:00Z",
  })
  .meta({ examples: ["2026-11-23T09:30:00.000Z"] });

export const JobId = z.string().meta({ examples: ["job_01k9zr0000000000000000000"] });

export const PluginName = z.string().min(1).max(100);

export const JobName = z.string().min(1).max(200);

/** An id in a path accepts any text. A malformed id gets a 404. */
export const IdParams = z.strictObject({ id: z.string() });

export const JsonValue = z.unknown().meta({ description: "Any JSON value." });

export const JsonObject = z.record(z.string(), z.unknown());

const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(MAX_PAGE_SIZE)
  .default(DEFAULT_PAGE_SIZE)
  .describe("Maximum number of items in the response.");

export const PageQuery = {
  limit,
  cursor: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("The `nextCursor` of the previous page. Leave it out to get the first page."),
};

/** Pages of a job's events and logs. Their cursor is the number of the last item seen. */
export const TailQuery = z.strictObject({
  limit,
  cursor: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe(
      "Number of the last item that you have seen, such as the `nextCursor` of the previous page.",
    ),
});

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .describe("Send it as `cursor` to get the next page. Null on the last page."),
  });
}
