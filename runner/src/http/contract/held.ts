/** What holds up the deliveries to a destination. */
import { z } from "zod";
import { HOLD_KINDS } from "../../domain/hold.ts";
import { Instant } from "./fields.ts";

const DeliveryWait = z
  .object({
    kind: z
      .enum(HOLD_KINDS)
      .describe(
        "`circuit`: five attempts in a row have failed, and one attempt at a time finds out whether the endpoint works again. `pause`: the endpoint asked to wait. `webhook`: the webhook is paused or off. More kinds may be added.",
      ),
    detail: z.string().describe("The reason, as a sentence."),
    since: Instant.describe("Since when the destination has been held."),
  })
  .meta({ id: "DeliveryWait", description: "Why nothing is sent to a destination now." });

/** `subject` is what is held, such as "The destination". */
export function heldFields(subject: string) {
  return {
    waitingFor: DeliveryWait.nullable().describe(
      `${subject} is held for this reason. Null when nothing holds it, or the delivery has ended.`,
    ),
    heldUntil: Instant.nullable().describe(
      "No attempt begins before this time. Null when nothing holds the destination, or its webhook must be made active first.",
    ),
    lastError: z
      .string()
      .nullable()
      .describe("Why the last attempt to the destination failed. Null after a success."),
  };
}
