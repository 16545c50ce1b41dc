import { describe, expect, test } from "vitest";
import { Transient } from "../../domain/errors.ts";
import type { Applied, Change } from "./change.ts";
import { createWriteQueue, type WriteQueue } from "./write-queue.ts";

/** A writer whose batches end when the test ends them. */
function createManualWriter() {
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
    /** Resolves with the batch of this number, once it was sent. */
    async batch(count: number) {
      while (batches.length < count) await new Promise<void>((resolve) => (onBatch = resolve));
      return batches[count - 1]!;
    },
  };
}

const change = (id: string): Change => ({ name: "releaseDeliveries", args: [[id]] });
const idsOf = ({ changes }: { changes: readonly Change[] }) => changes.map(({ args }) => args[0]);

/** A batch that is going to be sent has been sent after this. */
const twoLoopIterations = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("the write queue", () => {
  test("sends changes that are called together as one batch, in order", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    const answers = Promise.all(["a", "b", "c"].map((id) => queue.write(change(id))));
    const batch = await writer.batch(1);
    expect(idsOf(batch)).toEqual([["a"], ["b"], ["c"]]);
    batch.end();
    expect(await answers).toEqual([["a"], ["b"], ["c"]]);
  });

  test("sends one batch, and collects changes for the next one until it has ended", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    void queue.write(change("a"));
    const first = await writer.batch(1);
    const ids = Array.from({ length: 63 }, (_, n) => `later${n}`);
    const later = Promise.all(ids.map((id) => queue.write(change(id))));
    await twoLoopIterations();
    expect(writer.batches).toHaveLength(1);
    first.end();
    const second = await writer.batch(2);
    expect(idsOf(second)).toEqual(ids.map((id) => [id]));
    second.end();
    await later;
  });

  describe("when enough changes wait for a second commit", () => {
    const several = (queue: WriteQueue, name: string) =>
      Promise.allSettled(Array.from({ length: 64 }, (_, i) => queue.write(change(name + i))));

    /** Sends two batches to the writer; a third one waits. */
    async function callThreeBatches() {
      const writer = createManualWriter();
      const queue = createWriteQueue(writer);
      const all = [several(queue, "a")];
      await writer.batch(1);
      all.push(several(queue, "b"));
      await writer.batch(2);
      all.push(several(queue, "c"));
      await twoLoopIterations();
      expect(writer.batches).toHaveLength(2);
      return { writer, settled: Promise.all(all) };
    }

    test("sends a second batch before the first has ended, but no third", async () => {
      const { writer, settled } = await callThreeBatches();
      for (let count = 1; count <= 3; count += 1) (await writer.batch(count)).end();
      await settled;
      expect(writer.batches.flatMap(idsOf)).toHaveLength(192);
    });

    test("waits for the first batch when the last commit was slow", async () => {
      const writer = createManualWriter();
      const queue = createWriteQueue(writer);
      const slow = queue.write(change("slow"));
      const held = await writer.batch(1);
      held.end(20);
      await slow;
      const all = [several(queue, "a")];
      await writer.batch(2);
      all.push(several(queue, "b"));
      await twoLoopIterations();
      expect(writer.batches).toHaveLength(2);
      for (let count = 2; count <= 3; count += 1) (await writer.batch(count)).end();
      await Promise.all(all);
    });

    test("rejects both batches and the waiting changes when the thread dies", async () => {
      const { writer, settled } = await callThreeBatches();
      const gone = new Transient("STORE_WRITER_DIED", "gone");
      for (const batch of writer.batches) batch.fail(gone);
      const outcomes = (await settled).flat();
      expect(outcomes.map(({ status }) => status)).toEqual(
        Array.from({ length: 192 }, () => "rejected"),
      );
    });
  });

  test("sends the changes that follow from a batch together in the next one", async () => {
    const writer = createManualWriter();
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

  test("rejects a lost batch and the changes behind it, and accepts new ones", async () => {
    const writer = createManualWriter();
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

  test("drains the changes called before, and rejects those called after", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    const called = queue.write(change("a"));
    const drained = queue.drain();
    await expect(queue.write(change("b"))).rejects.toMatchObject({ code: "STORE_CLOSED" });
    (await writer.batch(1)).end();
    await drained;
    expect(await called).toEqual(["a"]);
  });
});
