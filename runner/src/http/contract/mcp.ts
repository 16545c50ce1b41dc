import { z } from "zod";
import { defineRoute } from "./route-contract.ts";
import { MAX_WAIT_SECONDS } from "./submit-headers.ts";

/** Arguments of tools are written by a language model. In bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

export const callMcp = defineRoute({
  operationId: "callMcp",
  method: "POST",
  path: "/mcp",
  tag: "mcp",
  summary: "Send a message of the Model Context Protocol",
  description:
    "Each plugin is a tool, which a call runs as a job. Needs the scope `run` to call one, and `read` to list them. A call waits for the job, as long as `wait` says; then its result is the job's id, for the tool `wait_job`. Understands the revisions of the protocol from 2025-03-26 to 2026-07-28, over Streamable HTTP without sessions, subscriptions and batches of messages.",
  access: "read",
  maxBodyBytes: MAX_BODY_BYTES,
  query: z.strictObject({
    tools: z
      .string()
      .regex(/^[a-z0-9-]+(?:,[a-z0-9-]+)*$/, "must be names of plugins with commas between them")
      .optional()
      .describe("Offer only these plugins as tools, such as `csv-profile,json-query`."),
    wait: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_WAIT_SECONDS)
      .default(45)
      .describe(
        "How many seconds a call waits for its job. Must be less than the client's own timeout, which is often 60 s.",
      ),
  }),
  // No list of messages, which the protocol had for one revision: each could wait, and answer, for itself.
  body: z.looseObject({ jsonrpc: z.literal("2.0"), method: z.string().optional() }).meta({
    id: "McpMessage",
    description: "A JSON-RPC message.",
    examples: [{ jsonrpc: "2.0", id: 1, method: "tools/list" }],
  }),
  responses: {
    200: {
      description: "The response to a request.",
      otherBodies: {
        "application/json": "A JSON-RPC message.",
        "text/event-stream": "Notifications of progress, then the response.",
      },
    },
    202: { description: "A notification was received." },
  },
  refusals: ["BODY_INVALID"],
});
