import { expect, test } from "vitest";
import type { DeliveryState } from "./delivery.ts";
import { eventDeliveries } from "./delivery-progress.ts";

const of = (state: DeliveryState, attempts = 0) => ({ kind: "started" as const, state, attempts });

test.each([
  [[of("delivered", 1)], "delivered"],
  [[of("due")], "pending"],
  [[of("waiting")], "pending"],
  [[of("due", 1)], "retrying"],
  [[of("dead", 6)], "failed"],
  [[of("delivered", 1), of("waiting")], "pending"],
  [[of("due", 2), of("waiting")], "retrying"],
  [[of("dead", 1), of("due", 2), of("delivered", 1)], "failed"],
] as const)("an event is as far as its worst delivery: %j", (deliveries, state) => {
  expect(eventDeliveries(deliveries)).toEqual([{ event: "started", state }]);
});

test("each kind of event that has deliveries has one entry, in the order of the events", () => {
  const deliveries = (["completed", "started", "progress", "progress"] as const).map((kind) => ({
    kind,
    state: "delivered" as const,
    attempts: 1,
  }));
  expect(eventDeliveries(deliveries).map(({ event }) => event)).toEqual([
    "started",
    "progress",
    "completed",
  ]);
  expect(eventDeliveries([])).toEqual([]);
});
