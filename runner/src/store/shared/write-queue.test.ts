import { describe, expect, test } from "vitest";
import { Transient } from "../../domain/errors.ts";
import type { Applied, Change } from "./change.ts";
import { createWriteQueue, type WriteQueue } from "./write-queue.ts";

/** A writer whose groups end when the test ends them. */
function createManualWriter() {
  const groups: {
    changes: readonly Change[];
    end(commitMs?: number): void;
    fail(error: Error): void;
  }[] = [];
  let onGroup = (): void => {};
  return {
    groups,
    apply: (changes: readonly Change[]) =>
      new Promise<Applied>((resolve, reject) => {
        const outcomes = changes.map(({ args }) => ({ ok: true, value: args[0] }) as const);
        const end = (commitMs = 1): void => resolve({ outcomes, commitMs });
        groups.push({ changes, end, fail: reject });
        onGroup();
      }),
    /** Resolves with the group of this number, once it was sent. */
    async group(count: number) {
      while (groups.length < count) await new Promise<void>((resolve) => (onGroup = resolve));
      return groups[count - 1]!;
    },
  };
}

/** The queue does not look into the arguments. */
const change = (id: string) => ({ name: "releaseDeliveries", args: [[id]] }) as unknown as Change;
const idsOf = ({ changes }: { changes: readonly Change[] }) => changes.map(({ args }) => args[0]);

/** A group that is going to be sent has been sent after this. */
const twoLoopIterations = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("the write queue", () => {
  test("sends changes that are called together as one write group, in order", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    const answers = Promise.all(["a", "b", "c"].map((id) => queue.write(change(id))));
    const group = await writer.group(1);
    expect(idsOf(group)).toEqual([["a"], ["b"], ["c"]]);
    group.end();
    expect(await answers).toEqual([["a"], ["b"], ["c"]]);
  });

  test("sends one group, and collects changes for the next one until it has ended", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    void queue.write(change("a"));
    const first = await writer.group(1);
    const ids = Array.from({ length: 63 }, (_, n) => `later${n}`);
    const later = Promise.all(ids.map((id) => queue.write(change(id))));
    await twoLoopIterations();
    expect(writer.groups).toHaveLength(1);
    first.end();
    const second = await writer.group(2);
    expect(idsOf(second)).toEqual(ids.map((id) => [id]));
    second.end();
    await later;
  });

  describe("when enough changes wait for a second commit", () => {
    const several = (queue: WriteQueue, name: string) =>
      Promise.allSettled(Array.from({ length: 64 }, (_, i) => queue.write(change(name + i))));

    /** Sends two groups to the writer; a third one waits. */
    async function callThreeGroups() {
      const writer = createManualWriter();
      const queue = createWriteQueue(writer);
      const all = [several(queue, "a")];
      await writer.group(1);
      all.push(several(queue, "b"));
      await writer.group(2);
      all.push(several(queue, "c"));
      await twoLoopIterations();
      expect(writer.groups).toHaveLength(2);
      return { writer, settled: Promise.all(all) };
    }

    test("sends a second group before the first has ended, but no third", async () => {
      const { writer, settled } = await callThreeGroups();
      for (let count = 1; count <= 3; count += 1) (await writer.group(count)).end();
      await settled;
      expect(writer.groups.flatMap(idsOf)).toHaveLength(192);
    });

    test("waits for the first group when the last commit was slow", async () => {
      const writer = createManualWriter();
      const queue = createWriteQueue(writer);
      const slow = queue.write(change("slow"));
      const held = await writer.group(1);
      held.end(20);
      await slow;
      const all = [several(queue, "a")];
      await writer.group(2);
      all.push(several(queue, "b"));
      await twoLoopIterations();
      expect(writer.groups).toHaveLength(2);
      for (let count = 2; count <= 3; count += 1) (await writer.group(count)).end();
      await Promise.all(all);
    });

    test("rejects both groups and the waiting changes when the thread dies", async () => {
      const { writer, settled } = await callThreeGroups();
      const gone = new Transient("STORE_WRITER_DIED", "gone");
      for (const group of writer.groups) group.fail(gone);
      const outcomes = (await settled).flat();
      expect(outcomes.map(({ status }) => status)).toEqual(
        Array.from({ length: 192 }, () => "rejected"),
      );
    });
  });

  test("sends the changes that follow from a group together in the next one", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    const followed = Promise.all(
      ["a", "b"].map((id) => queue.write(change(id)).then(() => queue.write(change(`${id}2`)))),
    );
    (await writer.group(1)).end();
    const second = await writer.group(2);
    expect(idsOf(second)).toEqual([["a2"], ["b2"]]);
    second.end();
    await followed;
  });

  test("rejects a lost group and the changes behind it, and accepts new ones", async () => {
    const writer = createManualWriter();
    const queue = createWriteQueue(writer);
    const lost = queue.write(change("a"));
    const first = await writer.group(1);
    const behind = queue.write(change("b"));
    first.fail(new Transient("STORE_WRITER_DIED", "gone"));
    await expect(lost).rejects.toThrow("gone");
    await expect(behind).rejects.toThrow("gone");
    const after = queue.write(change("c"));
    const second = await writer.group(2);
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
    (await writer.group(1)).end();
    await drained;
    expect(await called).toEqual(["a"]);
  });
});
