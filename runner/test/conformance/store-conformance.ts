import { describe } from "vitest";
import { batchCallbackConformance } from "./batch-callbacks.ts";
import { ageConformance } from "./ages.ts";
import { batchConformance } from "./batches.ts";
import { bulkActConformance } from "./bulk-acts.ts";
import { claimConformance } from "./claims.ts";
import { deliveryConformance } from "./deliveries.ts";
import { fenceConformance } from "./fences.ts";
import { fileConformance } from "./files.ts";
import { interleavingConformance, sharedInterleavingConformance } from "./interleavings.ts";
import { destinationConformance } from "./destinations.ts";
import { keyConformance, mergeConformance, sharedKeyConformance } from "./job-keys.ts";
import { jobActConformance } from "./job-acts.ts";
import { leaseConformance } from "./leases.ts";
import { listConformance } from "./lists.ts";
import { payloadConformance } from "./payloads.ts";
import { positionConformance } from "./positions.ts";
import { readConformance } from "./reads.ts";
import { recoveryConformance } from "./recovery.ts";
import { requeueConformance } from "./requeues.ts";
import { scheduleConformance, scheduleRaceConformance } from "./schedules.ts";
import { secretConformance } from "./secrets.ts";
import { sessionConformance } from "./sessions.ts";
import { statsConformance } from "./stats.ts";
import { sliceConformance } from "./slices.ts";
import type { CreateSubject } from "./subject.ts";
import { limitChangeConformance } from "./limit-changes.ts";
import { limitQueueConformance } from "./limit-queues.ts";
import { limitUseConformance, sharedLimitConformance } from "./limit-use.ts";
import { limitConformance } from "./limits.ts";
import { submitConformance } from "./submit.ts";
import { textConformance } from "./texts.ts";
import { stepRetryConformance } from "./step-retries.ts";
import { traceConformance } from "./traces.ts";
import { transitionConformance } from "./transitions.ts";
import { webhookEventConformance } from "./webhook-events.ts";
import { webhookConformance } from "./webhooks.ts";

/**
 * What every store must do: the contract in ports/store/ as tests, which use only the port. `sequences` is
 * how many random sequences of calls are tried: fewer where each call is a round trip.
 */
export function storeConformance(
  name: string,
  createSubject: CreateSubject,
  { sequences = 40 } = {},
): void {
  describe(`the ${name} store`, () => {
    describe("accepts jobs", () => submitConformance(createSubject));
    describe("gives keys to jobs", () => keyConformance(createSubject));
    describe("merges requests", () => mergeConformance(createSubject));
    describe("claims jobs", () => claimConformance(createSubject));
    describe("ends claims of jobs", () => leaseConformance(createSubject));
    describe("queues failed jobs again", () => requeueConformance(createSubject));
    describe("stores transitions of jobs", () => transitionConformance(createSubject));
    describe("queues steps again", () => stepRetryConformance(createSubject));
    describe("keeps to limits", () => {
      limitConformance(createSubject);
      limitUseConformance(createSubject);
    });
    describe("changes limits", () => limitChangeConformance(createSubject));
    describe("bounds the jobs that wait for limits", () => limitQueueConformance(createSubject));
    describe("claims deliveries in order", () => deliveryConformance(createSubject));
    describe("serves destinations round robin", () => destinationConformance(createSubject));
    describe("gives up deliveries that are too old", () => ageConformance(createSubject));
    describe("stores persistent webhooks", () => webhookConformance(createSubject));
    describe("delivers events to persistent webhooks", () =>
      webhookEventConformance(createSubject));
    describe("redelivers and recovers", () => recoveryConformance(createSubject));
    describe("stores batches", () => batchConformance(createSubject));
    describe("delivers batches' callbacks", () => batchCallbackConformance(createSubject));
    describe("removes payloads", () => payloadConformance(createSubject));
    describe("stores files", () => fileConformance(createSubject));
    describe("lists", () => listConformance(createSubject));
    describe("acts on jobs", () => jobActConformance(createSubject));
    describe("stores bulk acts", () => bulkActConformance(createSubject));
    describe("stores schedules", () => scheduleConformance(createSubject));
    describe("stores secrets of plugins", () => secretConformance(createSubject));
    describe("stores sessions of browsers", () => sessionConformance(createSubject));
    describe("changes many rows in slices", () => sliceConformance(createSubject));
    describe("keeps traces of jobs", () => traceConformance(createSubject));
    describe("stores any text", () => textConformance(createSubject));
    describe("reads positions", () => positionConformance(createSubject));
    describe("reads and prunes", () => readConformance(createSubject));
    describe("keeps stats, and tells its state", () => statsConformance(createSubject));
    describe("with calls in any order", () => interleavingConformance(createSubject, sequences));
  });
}

/** What a store must do besides that several daemons can have open at the same time. */
export function sharedStoreConformance(
  name: string,
  createSubject: CreateSubject,
  { sequences = 15 } = {},
): void {
  describe(`the ${name} store`, () => {
    describe("refuses writes under claims that are lost", () => fenceConformance(createSubject));
    describe("gives keys to jobs", () => sharedKeyConformance(createSubject));
    describe("keeps to limits", () => sharedLimitConformance(createSubject));
    describe("decides slots once", () => scheduleRaceConformance(createSubject));
    describe("with calls of two daemons in any order", () =>
      sharedInterleavingConformance(createSubject, sequences));
  });
}
