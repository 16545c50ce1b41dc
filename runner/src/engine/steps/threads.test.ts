import { expect, test } from "vitest";
import { createThreads } from "./threads.ts";

const NEVER = new AbortController().signal;

test("a free thread is acquired immediately", async () => {
  const threads = createThreads(2, () => {});
  expect(await threads.acquire({ hasBegun: false, signal: NEVER })).toBe(true);
  expect(threads.free()).toBe(1);
  expect(threads.waiting()).toBe(0);
});

test("a job that has begun gets the next thread before jobs that were claimed earlier", async () => {
  const threads = createThreads(1, () => {});
  await threads.acquire({ hasBegun: false, signal: NEVER });
  const order: string[] = [];
  const wait = async (name: string, hasBegun: boolean): Promise<void> => {
    await threads.acquire({ hasBegun, signal: NEVER });
    order.push(name);
    threads.release();
  };
  const all = [wait("claimed 1", false), wait("claimed 2", false), wait("begun", true)];
  expect(threads.waiting()).toBe(3);
  threads.release();
  await Promise.all(all);
  expect(order).toEqual(["begun", "claimed 1", "claimed 2"]);
  expect(threads.free()).toBe(1);
});

test("a waiter whose signal aborts gets no thread and leaves the queue", async () => {
  const threads = createThreads(1, () => {});
  await threads.acquire({ hasBegun: false, signal: NEVER });
  const leaving = new AbortController();
  const acquired = threads.acquire({ hasBegun: false, signal: leaving.signal });
  leaving.abort();
  expect(await acquired).toBe(false);
  expect(threads.waiting()).toBe(0);
  threads.release();
  expect(threads.free()).toBe(1);
});

test("an aborted signal gets no thread even when one is free", async () => {
  const threads = createThreads(1, () => {});
  expect(await threads.acquire({ hasBegun: true, signal: AbortSignal.abort() })).toBe(false);
  expect(threads.free()).toBe(1);
});

test("every release calls the callback, whether or not a job waits", async () => {
  let calls = 0;
  const threads = createThreads(1, () => void (calls += 1));
  await threads.acquire({ hasBegun: false, signal: NEVER });
  const next = threads.acquire({ hasBegun: false, signal: NEVER });
  threads.release();
  await next;
  threads.release();
  expect(calls).toBe(2);
});
