import { expect, test } from "vitest";
import { createDiskReserve } from "./disk-reserve.ts";

const MIB = 1024 * 1024;
const RESERVED = 256 * MIB;

/** A disk on which everything that is taken is written at once. */
function createDisk(freeBytes: number | null) {
  const disk = { freeBytes, looks: 0 };
  const reserve = createDiskReserve(async () => {
    disk.looks += 1;
    return disk.freeBytes;
  });
  async function write(bytes: number): Promise<void> {
    await reserve.take(bytes);
    if (disk.freeBytes !== null) disk.freeBytes -= bytes;
  }
  return { disk, write, reserve };
}

test("writes end where the reserve begins, however many there are at the same time", async () => {
  const { disk, write } = createDisk(RESERVED + 40 * MIB);
  async function fill(): Promise<void> {
    for (;;) await write(MIB);
  }
  const writers = Array.from({ length: 10 }, fill);
  for (const { reason } of (await Promise.allSettled(writers)) as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: "ENOSPC", message: expect.stringContaining("256 MiB") });
  }
  // Writes that look at the same time do not see one another.
  expect(disk.freeBytes).toBeGreaterThan(RESERVED - 10 * MIB);
  expect(disk.freeBytes).toBeLessThan(RESERVED + MIB);
});

test("what others write is seen after 16 MiB", async () => {
  const { disk, write } = createDisk(RESERVED + 1_000 * MIB);
  for (let n = 0; n < 16; n += 1) await write(MIB);
  expect(disk.looks).toBe(1);
  disk.freeBytes = RESERVED;
  await expect(write(1)).rejects.toMatchObject({ code: "ENOSPC" });
});

test("a size that is known before is refused before anything is written", async () => {
  const { reserve } = createDisk(RESERVED + 5);
  await reserve.look(5);
  await expect(reserve.look(6)).rejects.toMatchObject({ code: "ENOSPC" });
});

test("a disk that does not tell what is free can be written", async () => {
  const { write } = createDisk(null);
  await write(1_000 * MIB);
});
