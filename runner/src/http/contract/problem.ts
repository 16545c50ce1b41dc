import { z } from "zod";

export const PROBLEM_JSON = "application/problem+json";

export const Problem = z
  .object({
    type: z.string().describe("Path of the page that explains the code."),
    title: z
      .string()
      .describe("The meaning of the code. It is the same for every error with this code."),
    status: z.int().describe("The HTTP status."),
    detail: z.string().describe("What is wrong with this request and how to fix it."),
    code: z.string().describe("Error code. It never changes, so programs can compare with it."),
    issues: z
      .array(
        z.object({
          path: z.string().describe("JSON Pointer to the field in the body, query or path."),
          message: z.string(),
        }),
      )
      .describe("The fields with errors. Empty when the error is not about a field."),
    instance: z
      .string()
      .optional()
      .describe(
        "Id of the request in the daemon's log. Only present for `UNAVAILABLE` and `INTERNAL`.",
      ),
  })
  .meta({
    id: "Problem",
    description: "An error in the format of RFC 9457.",
    examples: [
      {
        type: "/docs#INPUT_INVALID",
        title: "The input does not match the first plugin's schema.",
        status: 400,
        detail:
          'The input does not fit the schema of plugin "text-chunk": /input/text is 7: it must be a string.',
        code: "INPUT_INVALID",
        issues: [{ path: "/input/text", message: "is 7: it must be a string" }],
      },
    ],
  });

export type Problem = z.infer<typeof Problem>;
