/** A trace in a body, for clients that cannot set headers. */
import { z } from "zod";

/** Never refused: a job must not fail because of its trace. */
export const traceFields = {
  traceparent: z
    .string()
    .nullish()
    .describe(
      "The trace that the job belongs to, as the header of the same name. It takes the place of the header. One that is not valid is ignored.",
    ),
  tracestate: z
    .string()
    .nullish()
    .describe("As the header of the same name, beside `traceparent`."),
};
