import { expect, test } from "vitest";
import { createSystemLookup } from "./system-lookup.ts";

/** Stands in for getaddrinfo, which nothing can make slow. Each lookup ends when its name is released. */
function heldLookups() {
  const started: string[] = [];
  const releases = new Map<string, () => void>();
  const lookup = (hostname: string) =>
    new Promise<{ address: string }[]>((resolve) => {
      started.push(hostname);
      releases.set(hostname, () => resolve([{ address: "127.0.0.1" }]));
    });
  return { started, lookup, release: (hostname: string) => releases.get(hostname)?.() };
}

test("a third lookup waits for one of two that run, and does not fail", async () => {
  const { started, lookup, release } = heldLookups();
  const systemLookup = createSystemLookup({ lookup });
  const found = ["a", "b", "c"].map((name) => systemLookup(name));
  expect(started).toEqual(["a", "b"]);
  release("b");
  await found[1];
  expect(started).toEqual(["a", "b", "c"]);
  release("a");
  release("c");
  for (const each of found) expect(await each).toEqual([{ address: "127.0.0.1" }]);
});

test("a lookup that is too late occupies its thread until it ends", async () => {
  const { started, lookup, release } = heldLookups();
  const systemLookup = createSystemLookup({ lookup, timeoutMs: 20 });
  const late = ["a", "b", "c"].map((name) => systemLookup(name));
  for (const each of await Promise.allSettled(late)) {
    expect(each).toMatchObject({ status: "rejected", reason: { code: "ETIMEOUT" } });
  }
  const next = systemLookup("d");
  expect(started).toEqual(["a", "b"]);
  release("a");
  release("b");
  await expect.poll(() => started).toEqual(["a", "b", "d"]);
  release("d");
  expect(await next).toEqual([{ address: "127.0.0.1" }]);
});
