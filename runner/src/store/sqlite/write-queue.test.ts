import { describe, expect, test } from "vitest";
import { Transient } from "../../domain/errors.ts";
import type { Applied, Change } from "./change.ts";
import { createWriteQueue, type WriteQueue } from "./write-queue.ts";

/** A writer whose batches end when the test says so. */
function createHeldWriter() {
  const batches: {
    changes: readonly Change[];
    end(commitMs?: number): void;
    fail(error: Error): void;
  }[] = [];
  let onBatch = (): void => {};
  return {
    batches,
    apply: (changes: readonly Change[]) =>
      new Promise<Applied>((resolve, reject) => {
        const outcomes = changes.map(({ args }) => ({ ok: true, value: args[0] }) as const);
        const end = (commitMs = 1): void => resolve({ outcomes, commitMs });
        batches.push({ changes, end, fail: reject });
        onBatch();
      }),
    /** Resolves when this many batches have come. */
    async batch(count: number) {
      while (batches.length < count) await new Promise<void>((resolve) => (onBatch = resolve));
      return batches[count - 1]!;
    },
  };
}

const change = (id: string): Change => ({ name: "releaseDeliveries", args: [[id]] });
const idsOf = ({ changes }: { changes: readonly Change[] }) => changes.map(({ args }) => args[0]);

/** Long enough for a batch that is to go to have gone. */
const twoTurns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("the write queue", () => {
  test("sends what is called together as one batch, in order", async () => {
    const writer = createHeldWriter();
    const queue = createWriteQueue(writer);
    const answers = Promise.all(["a", "b", "c"].map((id) => queue.write(change(id))));
    const batch = await writer.batch(1);
    expect(idsOf(batch)).toEqual([["a"], ["b"], ["c"]]);
    batch.end();
    expect(await answers).toEqual([["a"], ["b"], ["c"]]);
  });

  test("has one batch with the writer; what is called meanwhile is the next", async () => {
    const writer = createHeldWriter();
    const queue = createWriteQueue(writer);
    void queue.write(change("a"));
    const first = await writer.batch(1);
    const ids = Array.from({ length: 63 }, (_, n) => `later${n}`);
    const later = Promise.all(ids.map((id) => queue.write(change(id))));
    await twoTurns();
    expect(writer.batches).toHaveLength(1);
    first.end();
    const second = await writer.batch(2);
    expect(idsOf(second)).toEqual(ids.map((id) => [id]));
    second.end();
    await later;
  });

  describe("with enough for a commit of its own waiting", () => {
    const several = (queue: WriteQueue, name: string) =>
      Promise.allSettled(Array.from({ length: 64 }, (_, i) => queue.write(change(name + i))));

    /** Two batches are with the writer, and a third waits. */
    async function threeOfThem() {
      const writer = createHeldWriter();
      const queue = createWriteQueue(writer);
      const all = [several(queue, "a")];
      await writer.batch(1);
      all.push(several(queue, "b"));
      await writer.batch(2);
      all.push(several(queue, "c"));
      await twoTurns();
      expect(writer.batches).toHaveLength(2);
      return { writer, settled: Promise.all(all) };
    }

    test("sends a second batch beside the first, and no third", async () => {
      const { writer, settled } = await threeOfThem();
      for (let count = 1; count <= 3; count += 1) (await writer.batch(count)).end();
      await settled;
      expect(writer.batches.flatMap(idsOf)).toHaveLength(192);
    });

    test("waits for the first when the last commit was slow", async () => {
      const writer = createHeldWriter();
      const queue = createWriteQueue(writer);
      const slow = queue.write(change("slow"));
      const held = await writer.batch(1);
      held.end(20);
      await slow;
      const all = [several(queue, "a")];
      await writer.batch(2);
      all.push(several(queue, "b"));
      await twoTurns();
      expect(writer.batches).toHaveLength(2);
      for (let count = 2; count <= 3; count += 1) (await writer.batch(count)).end();
      await Promise.all(all);
    });

    test("loses both, and what waits, with the thread", async () => {
      const { writer, settled } = await threeOfThem();
      const gone = new Transient("STORE_WRITER_DIED", "gone");
      for (const batch of writer.batches) batch.fail(gone);
      const outcomes = (await settled).flat();
      expect(outcomes.map(({ status }) => status)).toEqual(
        Array.from({ length: 192 }, () => "rejected"),
      );
    });
  });

  test("takes what follows from a batch into the next one", async () => {
    const writer = createHeldWriter();
    const queue = createWriteQueue(writer);
    const followed = Promise.all(
      ["a", "b"].map((id) => queue.write(change(id)).then(() => queue.write(change(`${id}2`)))),
    );
    (await writer.batch(1)).end();
    const second = await writer.batch(2);
    expect(idsOf(second)).toEqual([["a2"], ["b2"]]);
    second.end();
    await followed;
  });

  test("rejects a lost batch and what waits behind it, and goes on", async () => {
    const writer = createHeldWriter();
    const queue = createWriteQueue(writer);
    const lost = queue.write(change("a"));
    const first = await writer.batch(1);
    const behind = queue.write(change("b"));
    first.fail(new Transient("STORE_WRITER_DIED", "gone"));
    await expect(lost).rejects.toThrow("gone");
    await expect(behind).rejects.toThrow("gone");
    const after = queue.write(change("c"));
    const second = await writer.batch(2);
    expect(idsOf(second)).toEqual([["c"]]);
    second.end();
    expect(await after).toEqual(["c"]);
  });

  test("drains what was called, and refuses what comes after", async () => {
    const writer = createHeldWriter();
    const queue = createWriteQueue(writer);
    const called = queue.write(change("a"));
    const drained = queue.drain();
    await expect(queue.write(change("b"))).rejects.toMatchObject({ code: "STORE_CLOSED" });
    (await writer.batch(1)).end();
    await drained;
    expect(await called).toEqual(["a"]);
  });
});
