import { z } from "zod";
import { OutputLocation, outputName } from "../shared/output-target.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] as const;
const MIB = 1 << 20;

export const Input = z.object({
  url: z.string().describe("The http or https URL, such as `https://api.example.com/orders`."),
  body: z
    .unknown()
    .optional()
    .describe("The body of the request. A string is sent as it is, other values as JSON."),
});

const pointer = z.string().regex(/^(?:\/(?:[^~]|~[01])*)*$/, {
  error: ({ input }) =>
    `${JSON.stringify(input)} must be a JSON pointer such as "/data/next", or empty`,
});

export const Options = z.strictObject({
  method: z.enum(METHODS).default("GET").describe("Method of the request."),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      'Headers of the request, such as `{"authorization": "Bearer …"}`. They are sent only to the origin of the URL, and never logged. They are stored with the job.',
    ),
  responseAs: z
    .enum(["auto", "json", "text", "base64"])
    .default("auto")
    .describe("How the body is put into the output. `auto`: by its content type."),
  outputFile: z
    .string()
    .optional()
    .describe(
      "Path in the files folder to write the body to as it arrives, such as `in/a.pdf`. With paging, one item a line in JSON. An existing file is replaced.",
    ),
  outputName: outputName("orders.json"),
  maxBytes: z
    .int()
    .min(1)
    .max(10_240 * MIB)
    .optional()
    .describe(
      "The most bytes of the body, decompressed, of all pages together. If not set, 10 MiB, or 1 GiB with `outputFile`.",
    ),
  failOnStatus: z
    .boolean()
    .default(true)
    .describe("Whether a status of 400 or more fails the job. `false`: it is in the output."),
  followRedirects: z.boolean().default(true).describe("Whether to follow up to 10 redirects."),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(3)
    .describe(
      "How often a request is repeated after the status 429 or 503, and, if the method may be repeated, after 502, 504 or a failed connection.",
    ),
  maxRetryWaitMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(60_000)
    .describe("The longest wait before a retry. A longer `Retry-After` fails the job."),
  timeoutMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(60_000)
    .describe("The longest wait for the response, and for each further part of its body."),
  paging: z
    .enum(["none", "link", "next", "cursor", "page", "offset"])
    .default("none")
    .describe(
      'How the next page is found. `link`: the header `Link` with `rel="next"`. `next`: the URL at `nextPointer`. `cursor`: the value at `nextPointer`, sent as `pageParam`. `page`: the page\'s number as `pageParam`. `offset`: the number of items so far as `pageParam`.',
    ),
  itemsPointer: pointer
    .default("")
    .describe(
      "JSON pointer to the list of items in a page, such as `/data/items`. Empty: the page.",
    ),
  nextPointer: pointer
    .default("")
    .describe("JSON pointer to the next URL or cursor in a page, such as `/links/next`."),
  pageParam: z
    .string()
    .default("")
    .describe(
      "Query parameter of the cursor, page or offset. If empty, `cursor`, `page` or `offset`.",
    ),
  firstPage: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Number of the first page, or the first offset. If not set, 1 for pages and 0 for offsets.",
    ),
  maxPages: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("The most pages to request. `hasMore` reports if more exist."),
});

export type FetchOptions = z.output<typeof Options>;

export const Output = z.object({
  url: z.string().describe("URL of the response, after redirects, of the last page."),
  status: z.int().describe("Status of the response, such as 200."),
  headers: z
    .record(z.string(), z.string())
    .describe("Headers of the response, without `set-cookie`. Names are in lower case."),
  contentType: z.string().nullable().describe("Content type of the response, such as `text/csv`."),
  bytes: z.int().describe("Size of the body in bytes, decompressed, of all pages."),
  body: z
    .unknown()
    .describe("The body: JSON, text or base64. Null if it is in a file, in `items`, or empty."),
  file: OutputLocation.nullable().describe(
    "Path of the body in the files folder, or a reference to it. Null if none.",
  ),
  items: z.array(z.unknown()).nullable().describe("Items of all pages. Null without paging."),
  itemCount: z.int().describe("Number of items of all pages. 0 without paging."),
  pages: z.int().describe("Number of pages that were requested. 1 without paging."),
  hasMore: z.boolean().describe("Whether a next page exists that `maxPages` left out."),
});
