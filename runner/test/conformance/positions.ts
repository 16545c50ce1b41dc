import { expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import { claimOne, completeNext, newJob, start, submit, submitBatch } from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function positionConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  async function positionOf(id: string) {
    const [position = null] = await t.store.positions([id]);
    return position;
  }

  test("returns nothing for an id that is unknown, and nothing for none", async () => {
    expect(await t.store.positions([])).toEqual([]);
    expect(await t.store.positions(["job_unknown", "batch_unknown"])).toEqual([]);
  });

  test("a job's position changes with its claim, its events, its log and its end", async () => {
    const { id } = await submit(t.store);
    const queued = { kind: "job", id, status: "queued", fence: 0, owner: null };
    expect(await positionOf(id)).toEqual({ ...queued, sequence: 0, lastLog: 0 });
    const job = await claimOne(t.store);
    const running = { ...queued, status: "running", fence: job.fence, owner: job.owner };
    expect(await positionOf(id)).toEqual({ ...running, sequence: 0, lastLog: 0 });
    await start(t.store, job);
    expect(await positionOf(id)).toMatchObject({ ...running, sequence: 1 });
    const line = { at: 1, level: "info", message: "one", data: null, step: 0 } as const;
    await t.store.appendLogs(id, [line]);
    const first = await positionOf(id);
    await t.store.appendLogs(id, [line]);
    expect(await positionOf(id)).not.toEqual(first);
  });

  test("jobs and batches are read together", async () => {
    const [one, two] = [newJob(), newJob()];
    const batch = await submitBatch(t.store, [one, two]);
    await completeNext(t.store);
    await completeNext(t.store);
    const read = async () => {
      const positions = await t.store.positions([batch.id, one.id, "job_unknown"]);
      return new Map(positions.map((position) => [position.id, position]));
    };
    const ended = { kind: "batch", id: batch.id };
    expect((await read()).get(batch.id)).toEqual({ ...ended, endedAt: null });
    expect((await read()).get(one.id)).toMatchObject({ status: "completed", owner: null });
    await t.store.endBatch(batch.id, { at: 30, body: toJsonText({}) });
    expect((await read()).get(batch.id)).toEqual({ ...ended, endedAt: 30 });
    expect((await read()).size).toBe(2);
  });
}
