import { z } from "zod";

export const ProbeQuery = z.strictObject({
  probe: z
    .enum(["true", "false"])
    .default("false")
    .describe(
      "`true`: the daemon first sends an `OPTIONS` request to the URL, and refuses the webhook with `WEBHOOK_UNREACHABLE` if it cannot connect or is redirected. Any other response will do, and so will an origin that responded to an earlier probe within an hour.",
    ),
});
export type ProbeQuery = z.infer<typeof ProbeQuery>;
