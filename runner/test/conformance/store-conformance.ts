import { describe } from "vitest";
import { batchCallbackConformance } from "./batch-callbacks.ts";
import { ageConformance } from "./ages.ts";
import { batchConformance } from "./batches.ts";
import { claimConformance } from "./claims.ts";
import { deliveryConformance } from "./deliveries.ts";
import { interleavingConformance } from "./interleavings.ts";
import { destinationConformance } from "./destinations.ts";
import { readConformance } from "./reads.ts";
import { recoveryConformance } from "./recovery.ts";
import type { CreateSubject } from "./subject.ts";
import { submitConformance } from "./submit.ts";
import { transitionConformance } from "./transitions.ts";
import { webhookEventConformance } from "./webhook-events.ts";
import { webhookConformance } from "./webhooks.ts";

/** What every store must do: the contract in ports/store/ as tests, which use only the port. */
export function storeConformance(name: string, createSubject: CreateSubject): void {
  describe(`the ${name} store`, () => {
    describe("accepts jobs", () => submitConformance(createSubject));
    describe("claims jobs", () => claimConformance(createSubject));
    describe("stores transitions of jobs", () => transitionConformance(createSubject));
    describe("claims deliveries in order", () => deliveryConformance(createSubject));
    describe("serves destinations round robin", () => destinationConformance(createSubject));
    describe("gives up deliveries that are too old", () => ageConformance(createSubject));
    describe("stores persistent webhooks", () => webhookConformance(createSubject));
    describe("delivers events to persistent webhooks", () =>
      webhookEventConformance(createSubject));
    describe("redelivers and recovers", () => recoveryConformance(createSubject));
    describe("stores batches", () => batchConformance(createSubject));
    describe("delivers batches' callbacks", () => batchCallbackConformance(createSubject));
    describe("reads and prunes", () => readConformance(createSubject));
    describe("with calls in any order", () => interleavingConformance(createSubject));
  });
}
