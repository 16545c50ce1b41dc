/** The schemas of requests that become one job. */
import { z } from "zod";
import { JSON_POINTER, MAX_WINDOW_MS } from "../../domain/debounce.ts";
import { DEBOUNCE_MODES, MAX_KEY_LENGTH } from "../../domain/job-key.ts";
import { Instant } from "./fields.ts";

const mode = z.enum(DEBOUNCE_MODES);

export const DebounceRequest = z
  .strictObject({
    key: z
      .string()
      .min(1)
      .max(MAX_KEY_LENGTH)
      .describe(
        "A key of your choice. Requests with the same key, plugins, `mode` and `collect` become one job.",
      ),
    delayMs: z
      .int()
      .min(1)
      .max(MAX_WINDOW_MS)
      .describe("The job is due this long after the newest request, in ms."),
    maxMs: z
      .int()
      .min(1)
      .max(MAX_WINDOW_MS)
      .describe(
        "The job is due this long after the first request at the latest, in ms. Only that of the first request counts.",
      ),
    mode: mode.optional().meta({
      description:
        "`last`: the job is what the newest request says, with its input, options, webhook and all other fields. `first`: it stays what the first one says.",
      default: "last",
    }),
    collect: z
      .string()
      .max(1_000)
      .regex(JSON_POINTER, {
        error: "must be a JSON Pointer to an array in the input, such as /items",
      })
      .optional()
      .describe(
        "JSON Pointer to an array in the input. The job gets the items of all requests, in the order of their arrival.",
      ),
  })
  .refine(({ delayMs, maxMs }) => maxMs >= delayMs, {
    path: ["maxMs"],
    error: "must be at least `delayMs`",
  })
  .meta({
    id: "DebounceRequest",
    description:
      "Makes one job of several requests: the job waits for `delayMs`, and each request that arrives until then is merged into it. A job that has begun is not changed: the next request makes a new one.",
    examples: [{ key: "customer-7", delayMs: 5_000, maxMs: 60_000, collect: "/items" }],
  });

export const JobDebounce = z
  .object({
    key: z.string(),
    mode,
    collect: z.string().nullable(),
    merged: z.int().describe("How many requests were merged into the first."),
    until: Instant.describe("The job is due by then, however many requests arrive."),
  })
  .meta({
    id: "JobDebounce",
    description: "The window of requests that a job was made from.",
    examples: [
      {
        key: "customer-7",
        mode: "last",
        collect: "/items",
        merged: 3,
        until: "2026-11-23T09:31:00.000Z",
      },
    ],
  });
