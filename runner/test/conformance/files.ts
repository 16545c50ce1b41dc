import { describe, expect, test } from "vitest";
import type { NewFile } from "../../src/ports/store/files.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import {
  ALL_OUTPUTS,
  claimOf,
  claimOne,
  completeNext,
  completing,
  deliverAll,
  FIRST_PAGE,
  newBatch,
  newJob,
  start,
  submit,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

let lastNumber = 0;

function newFile(fields: Partial<NewFile> = {}): NewFile {
  lastNumber += 1;
  return {
    id: `file_${lastNumber}`,
    name: "people.csv",
    type: "text/csv",
    size: 100,
    sha256: `content ${lastNumber}`,
    createdAt: 5,
    expiresAt: 1_000,
    ...fields,
  };
}

export function fileConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  async function upload(fields: Partial<NewFile> = {}): Promise<NewFile> {
    const file = newFile(fields);
    await t.store.createFile(file);
    return file;
  }

  /** Completes the first step of the next job, which writes the file. */
  async function writeInStep(fields: Partial<NewFile> = {}) {
    const job = await start(t.store, await claimOne(t.store));
    const { transition, job: next } = completing(job);
    const file = newFile(fields);
    const isStored = await t.store.commitTransition(claimOf(job), { ...transition, files: [file] });
    return { file, job: next, isStored };
  }

  async function submitWith(files: readonly string[], fields: Partial<NewJob> = {}) {
    const job = newJob({ ...fields, files });
    return { job, outcome: await t.store.submitJob(job, UNLIMITED) };
  }

  const idsOf = async (jobId?: string): Promise<string[]> => {
    const filter = jobId === undefined ? {} : { jobId };
    return (await t.store.files(filter, FIRST_PAGE)).items.map(({ id }) => id);
  };
  const prune = (now: number) => t.store.pruneFiles({ now, limit: 100 });
  async function pruneJobs(): Promise<void> {
    await deliverAll(t.store);
    await t.store.pruneJobs({ endedBefore: 10_000, limit: 100, after: null });
  }

  describe("an uploaded file", () => {
    test("is stored, and is there after the store was reopened", async () => {
      const file = await upload();
      await t.reopen();
      expect(await t.store.file(file.id)).toEqual({ ...file, jobId: null });
      expect(await t.store.file("file_0")).toBeNull();
    });

    test("is deleted when it has expired", async () => {
      const [early, late, kept] = [
        await upload({ expiresAt: 100 }),
        await upload({ expiresAt: 200 }),
        await upload({ expiresAt: null }),
      ];
      expect(await prune(100)).toBe(0);
      expect(await prune(101)).toBe(1);
      expect(await idsOf()).toEqual([kept.id, late.id]);
      expect(await t.store.file(early.id)).toBeNull();
      expect(await prune(10_000)).toBe(1);
      expect(await idsOf()).toEqual([kept.id]);
    });

    test("is deleted at most as many as the limit says", async () => {
      for (let n = 0; n < 3; n += 1) await upload({ expiresAt: 1 });
      expect(await t.store.pruneFiles({ now: 10, limit: 2 })).toBe(2);
      expect(await idsOf()).toHaveLength(1);
    });

    test("can be deleted, once", async () => {
      const file = await upload();
      expect(await t.store.deleteFile(file.id)).toBe("deleted");
      expect(await t.store.deleteFile(file.id)).toBe("unknown");
      expect(await idsOf()).toEqual([]);
    });
  });

  describe("a file that a job names", () => {
    test("stays as long as the job, also when it has expired", async () => {
      const file = await upload({ expiresAt: 1 });
      const { job, outcome } = await submitWith([file.id]);
      expect(outcome).toEqual({ kind: "accepted" });
      expect(await prune(500)).toBe(0);
      expect(await t.store.deleteFile(file.id)).toBe("in-use");
      const { id, name, type, size, sha256 } = file;
      expect(await t.store.filesOfJob(job.id)).toEqual([{ id, name, type, size, sha256 }]);
      await completeNext(t.store);
      await pruneJobs();
      expect(await t.store.job(job.id)).toBeNull();
      expect(await prune(500)).toBe(1);
    });

    test("is held by each job that names it", async () => {
      const file = await upload({ expiresAt: 1 });
      const first = await submitWith([file.id]);
      await submitWith([file.id]);
      await completeNext(t.store);
      await deliverAll(t.store);
      expect(await t.store.deleteJob(first.job.id)).toBe("deleted");
      expect(await prune(500)).toBe(0);
    });

    test("must exist, or nothing is stored", async () => {
      const file = await upload();
      const refused = await submitWith([file.id, "file_0"]);
      expect(refused.outcome).toEqual({ kind: "no-file", id: "file_0" });
      expect(await t.store.job(refused.job.id)).toBeNull();
      expect(await t.store.deleteFile(file.id)).toBe("deleted");
    });

    test("must exist for every job of a batch, or nothing of it is stored", async () => {
      const file = await upload();
      const jobs = [newJob({ files: [file.id] }), newJob({ files: ["file_0"] })];
      const refused = await t.store.submitBatch(newBatch(jobs), UNLIMITED);
      expect(refused).toEqual({ kind: "no-file", id: "file_0" });
      expect((await t.store.counts()).jobs.queued).toBe(0);
      const accepted = newBatch([newJob({ files: [file.id] })]);
      expect(await t.store.submitBatch(accepted, UNLIMITED)).toEqual({ kind: "accepted" });
      expect(await t.store.deleteFile(file.id)).toBe("in-use");
    });

    test("is not needed for a repeated request, whose first job is stored", async () => {
      const file = await upload({ expiresAt: 1 });
      const idempotency = { key: "key", fingerprint: "print" };
      const first = await submitWith([file.id], { idempotency });
      const again = await submitWith(["file_0"], { idempotency });
      expect(again.outcome).toEqual({ kind: "duplicate", id: first.job.id, sameRequest: true });
    });
  });

  describe("a file that a step wrote", () => {
    test("is stored with the step", async () => {
      const { id } = await submit(t.store);
      const { file } = await writeInStep({ expiresAt: null });
      expect(await t.store.file(file.id)).toEqual({ ...file, jobId: id });
      expect(await idsOf(id)).toEqual([file.id]);
      expect(await t.store.deleteFile(file.id)).toBe("in-use");
      expect((await t.store.job(id, ALL_OUTPUTS))?.steps).toHaveLength(1);
    });

    test("is not stored when the claim is lost", async () => {
      const { id } = await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      await t.store.releaseJobs([claimOf(job)], { countsAttempt: true });
      const { transition } = completing(job);
      const files = [newFile()];
      expect(await t.store.commitTransition(claimOf(job), { ...transition, files })).toBe(false);
      expect(await idsOf(id)).toEqual([]);
    });

    test("is deleted with the job", async () => {
      const { id } = await submit(t.store);
      const { job } = await writeInStep();
      const { transition } = completing(job, 30);
      await t.store.commitTransition(claimOf(job), transition);
      await pruneJobs();
      expect(await t.store.job(id)).toBeNull();
      expect(await idsOf()).toEqual([]);
      expect(await t.store.fileUsage()).toEqual({ files: 0, bytes: 0 });
    });

    test("outlives the job while another job names it", async () => {
      await submit(t.store);
      const { file, job } = await writeInStep();
      await t.store.commitTransition(claimOf(job), completing(job, 30).transition);
      const { job: other } = await submitWith([file.id]);
      await pruneJobs();
      expect(await t.store.file(file.id)).toMatchObject({ jobId: null });
      expect(await prune(10_000)).toBe(0);
      await completeNext(t.store);
      await pruneJobs();
      expect(await t.store.job(other.id)).toBeNull();
      expect(await prune(10_000)).toBe(1);
    });
  });

  describe("the bytes in use", () => {
    test("count a content once, until its last file is deleted", async () => {
      const [first, second] = [
        await upload({ size: 70, sha256: "same" }),
        await upload({ size: 70, sha256: "same" }),
      ];
      await upload({ size: 1, sha256: "other" });
      expect(await t.store.fileUsage()).toEqual({ files: 3, bytes: 71 });
      await t.store.deleteFile(first.id);
      expect(await t.store.fileUsage()).toEqual({ files: 2, bytes: 71 });
      await t.store.deleteFile(second.id);
      expect(await t.store.fileUsage()).toEqual({ files: 1, bytes: 1 });
    });

    test("are of contents that a file has", async () => {
      await upload({ sha256: "used" });
      expect(await t.store.usedContents(["used", "unused"])).toEqual(new Set(["used"]));
    });
  });

  test("lists are in pages, the newest first, of all files or of one job", async () => {
    const files = [await upload(), await upload(), await upload()];
    const [first = "", second = "", third = ""] = files.map(({ id }) => id);
    const { job } = await submitWith([first, third]);
    const page = await t.store.files({}, { limit: 2, cursor: null });
    expect(page.items.map(({ id }) => id)).toEqual([third, second]);
    const next = await t.store.files({}, { limit: 2, cursor: page.nextCursor });
    expect(next.items.map(({ id }) => id)).toEqual([first]);
    expect(next.nextCursor).toBeNull();
    expect(await idsOf(job.id)).toEqual([third, first]);
    expect(await idsOf("job_0")).toEqual([]);
    await expect(t.store.files({}, { limit: 2, cursor: "?" })).rejects.toThrow("cursor");
  });
}
