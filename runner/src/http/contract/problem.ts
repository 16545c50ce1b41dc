import { z } from "zod";

export const PROBLEM_JSON = "application/problem+json";

export const Problem = z
  .object({
    type: z.string().describe("Where the code is explained, relative to the daemon."),
    title: z.string().describe("What the code means; the same for every error with this code."),
    status: z.int().describe("The HTTP status."),
    detail: z.string().describe("What is wrong with this request, and what would be right."),
    code: z.string().describe("Stable; made for programs to compare with."),
    issues: z
      .array(
        z.object({
          path: z.string().describe("JSON Pointer to the field in the body, query or path."),
          message: z.string(),
        }),
      )
      .describe("Every field that is wrong; empty when the error is not about fields."),
    instance: z
      .string()
      .optional()
      .describe("Names the request in the daemon's log; only with errors of the daemon itself."),
  })
  .meta({
    id: "Problem",
    description: "An error, as RFC 9457 has it.",
    examples: [
      {
        type: "/docs#INPUT_INVALID",
        title: "The input does not fit the first plugin's schema.",
        status: 400,
        detail:
          'The input does not fit the schema of plugin "text-chunk": /input/text is 7: it must be a string.',
        code: "INPUT_INVALID",
        issues: [{ path: "/input/text", message: "is 7: it must be a string" }],
      },
    ],
  });

export type Problem = z.infer<typeof Problem>;
