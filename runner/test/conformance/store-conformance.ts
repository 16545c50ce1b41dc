import { describe } from "vitest";
import { batchCallbackConformance } from "./batch-callbacks.ts";
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

/** What every store must do: the sentences of ports/store.ts as tests, through the port only. */
export function storeConformance(name: string, createSubject: CreateSubject): void {
  describe(`the ${name} store`, () => {
    describe("takes jobs", () => submitConformance(createSubject));
    describe("hands jobs out", () => claimConformance(createSubject));
    describe("keeps what happens to a job", () => transitionConformance(createSubject));
    describe("keeps deliveries in line", () => deliveryConformance(createSubject));
    describe("gives destinations their turns", () => destinationConformance(createSubject));
    describe("keeps persistent webhooks", () => webhookConformance(createSubject));
    describe("brings events to persistent webhooks", () => webhookEventConformance(createSubject));
    describe("sends again", () => recoveryConformance(createSubject));
    describe("keeps batches", () => batchConformance(createSubject));
    describe("brings batches' callbacks", () => batchCallbackConformance(createSubject));
    describe("reads and prunes", () => readConformance(createSubject));
    describe("under any order of calls", () => interleavingConformance(createSubject));
  });
}
