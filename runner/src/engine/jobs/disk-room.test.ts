import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, interceptCalls, REQUEST, type World } from "../../../test/support/engine.ts";
import { Transient } from "../../domain/errors.ts";
import { createDiskRoom } from "./disk-room.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const FULL = { code: "DISK_FULL" };

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

/** An engine on a disk whose free space the test sets. */
async function startOn(totalBytes: number) {
  const disk = { freeBytes: totalBytes, totalBytes, looks: 0 };
  const { engine, submit } = await world.startEngine({
    async databaseDisk() {
      disk.looks += 1;
      return disk;
    },
  });
  const submitBatch = (sizes: readonly number[]) =>
    engine.submitBatch({
      jobs: sizes.map((size) => ({ ...REQUEST, input: { text: "x".repeat(size) } })),
      webhook: null,
      idempotencyKey: null,
    });
  return { disk, engine, submit, submitBatch };
}

test("jobs and batches are refused before the disk is full, and accepted when there is room again", async () => {
  const { disk, submit, submitBatch } = await startOn(100 * GIB);
  await submit();
  await submitBatch([1]);
  disk.freeBytes = 255 * MIB;
  await world.runUntil(world.clock.now() + 1_000);
  await expect(submit()).rejects.toMatchObject(FULL);
  await expect(submitBatch([1])).rejects.toMatchObject(FULL);
  disk.freeBytes = 257 * MIB;
  await submit();
  await submitBatch([1]);
});

test("a repeated request with a known key gets the first one's job although the disk is full", async () => {
  const { disk, submit } = await startOn(100 * GIB);
  const request = { input: { text: "once" }, idempotencyKey: "once" };
  const id = await submit(request);
  disk.freeBytes = 0;
  await world.runUntil(world.clock.now() + 1_000);
  expect(await submit(request)).toBe(id);
  await expect(submit({ ...request, idempotencyKey: "other" })).rejects.toMatchObject(FULL);
});

const WINDOW = { key: "k", delayMs: 60_000, maxMs: 60_000 };

test("a request is not merged into a job that waits while the disk is full, and a repeated one gets it", async () => {
  const { disk, submit } = await startOn(100 * GIB);
  const request = { debounce: WINDOW, idempotencyKey: "once" };
  const id = await submit(request);
  disk.freeBytes = 0;
  await world.runUntil(world.clock.now() + 1_000);
  await expect(submit({ debounce: WINDOW })).rejects.toMatchObject(FULL);
  expect(await submit(request)).toBe(id);
  expect((await world.store.job(id))?.key?.window?.merged).toBe(0);
});

test("a request is not merged if there is no room for the collected input", async () => {
  const { disk, submit } = await startOn(100 * GIB);
  const request = { debounce: { ...WINDOW, collect: "/items" } };
  const id = await submit({ ...request, input: { items: ["x".repeat(5_000)] } });
  disk.freeBytes = 256 * MIB + 4_000;
  await world.runUntil(world.clock.now() + 1_000);
  await expect(submit({ ...request, input: { items: ["y"] } })).rejects.toMatchObject(FULL);
  disk.freeBytes = 257 * MIB;
  expect(await submit({ ...request, input: { items: ["y"] } })).toBe(id);
});

test("requests at the same time do not get the same room, and free pages of the database count", async () => {
  let looks = 0;
  const room = createDiskRoom({
    host: {
      databaseDisk: async () => {
        looks += 1;
        return { freeBytes: 260 * MIB, totalBytes: 100 * GIB };
      },
    },
    store: { size: async () => ({ bytes: 20 * MIB, freeBytes: 10 * MIB }) },
    clock: { monotonic: () => 0 },
  });
  const taken = await Promise.all([8, 8, 6].map(async (size) => room.take(size * MIB)));
  expect(taken).toEqual([true, false, true]);
  expect(looks).toBe(1);
});

test("of a small disk, a twentieth stays free", async () => {
  const { disk, submit } = await startOn(100 * MIB);
  disk.freeBytes = 6 * MIB;
  await submit();
  disk.freeBytes = 4 * MIB;
  await world.runUntil(world.clock.now() + 1_000);
  await expect(submit()).rejects.toMatchObject(FULL);
});

test("what a job would take of the rest is refused too", async () => {
  const { disk, submitBatch } = await startOn(100 * GIB);
  disk.freeBytes = 258 * MIB;
  await expect(submitBatch([MIB, 2 * MIB])).rejects.toMatchObject(FULL);
  await submitBatch([MIB]);
});

test("the disk is looked at again after a second, or after 16 MiB", async () => {
  const { disk, submit, submitBatch } = await startOn(100 * GIB);
  for (let n = 0; n < 10; n += 1) await submit();
  expect(disk.looks).toBe(1);
  await submitBatch([9 * MIB]);
  expect(disk.looks).toBe(1);
  await submitBatch([9 * MIB]);
  expect(disk.looks).toBe(2);
  await world.runUntil(world.clock.now() + 1_000);
  await submit();
  expect(disk.looks).toBe(3);
});

test("a write that fails because the disk is full refuses the job in the same way", async () => {
  const { submit } = await world.startEngine({
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (name === "submitJob") throw new Transient("STORE_DISK_FULL", "The disk is full.");
        return call();
      }),
  });
  await expect(submit()).rejects.toMatchObject(FULL);
});
