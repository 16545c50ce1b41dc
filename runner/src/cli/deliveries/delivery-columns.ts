import type { DeliverySummary } from "../../http/contract/deliveries.ts";
import type { Output } from "../output.ts";
import { colorOf } from "../state-color.ts";
import type { Column } from "../table.ts";

export function deliveryColumns(
  output: Output,
  { ofOneJob }: { readonly ofOneJob: boolean },
): readonly Column<DeliverySummary>[] {
  const job: Column<DeliverySummary> = {
    title: "JOB",
    text: ({ jobId, batchId }) => jobId ?? batchId ?? "",
  };
  return [
    { title: "DELIVERY", text: ({ deliveryId }) => deliveryId },
    { title: "STATE", text: ({ state }) => toWord(state), color: ({ state }) => colorOf(state) },
    { title: "EVENT", text: ({ event }) => event },
    ...(ofOneJob ? [] : [job]),
    { title: "CREATED", text: ({ createdAt }) => output.time(createdAt) },
    { title: "ATTEMPTS", text: ({ attemptCount }) => String(attemptCount) },
    { title: "NEXT TRY", text: (delivery) => output.time(nextTryOf(delivery)) },
    { title: "URL", text: ({ url }) => url, isFlexible: true },
    {
      title: "ERROR",
      text: (delivery) => delivery.reason ?? delivery.lastError ?? "",
      isFlexible: true,
    },
  ];
}

/** The API's `dead` is "given up" wherever a person reads it. */
export function toWord(state: DeliverySummary["state"]): string {
  return state === "dead" ? "given up" : state;
}

/** Null when the delivery has ended, or waits for an earlier one. */
export function nextTryOf({ state, dueAt, heldUntil }: DeliverySummary): string | null {
  if (state !== "due" || dueAt === null) return null;
  return heldUntil !== null && heldUntil > dueAt ? heldUntil : dueAt;
}
