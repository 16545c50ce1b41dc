import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { newJob, newWebhook } from "../../../../test/conformance/given.ts";
import type { Transaction } from "../transaction.ts";
import { insertJob } from "./insert-job.ts";

test("what fails while a submit waits for its turn is told when its turn has come", async () => {
  const refuse = (): Promise<never> => Promise.reject(new Error("deadlock"));
  const tx = { row: refuse, query: refuse } as unknown as Transaction;
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const job = newJob({ webhook: newWebhook() });
  const inserted = insertJob(tx, job, { known: new Map(), turn: { ready, done: () => {} } });
  // A rejection that nobody waits for fails the test here, and would end the daemon.
  await setImmediate();
  resolve();
  await expect(inserted).rejects.toThrow("deadlock");
});
