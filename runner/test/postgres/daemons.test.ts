/** Two real daemons on one PostgreSQL. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { dropPlugin, type Daemon } from "../support/daemon.ts";
import { shareDatabase, urlOf, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

/** Says that it has begun, in which process, and ends when the file of its id exists. */
const GATED = `async (input, { signal }) => {
  appendFileSync(input.folder + "/begun", input.id + " " + process.ppid + "\\n");
  while (!existsSync(input.folder + "/" + input.id)) await sleep(5, undefined, { signal });
  return { id: input.id, by: process.ppid };
}`;

/** One at a time in all daemons together. */
const ALONE = { limits: `{ concurrency: 1 }`, run: GATED };

const LIMIT = { timeoutMs: 20_000 };

let schema: Schema;
let shared: SharedDaemons;
let receiver: Receiver;
let folder: string;
let a: Daemon;
let b: Daemon;

beforeEach(async () => {
  schema = await createSchema();
  const plugins = { gated: GATED, alone: ALONE, count: `async (input) => ({ n: input.n })` };
  shared = await shareDatabase(urlOf(schema), { plugins });
  receiver = await createReceiver();
  folder = await mkdtemp(join(tmpdir(), "playground-gate-"));
  const one = { PLAYGROUND_THREADS: "1" };
  a = await shared.start(one);
  b = await shared.start(one);
});

afterEach(async () => {
  await shared.close();
  await receiver.close();
  await rm(folder, { recursive: true });
  const { broken } = await checkDatabase({ url: schema.url, schema: schema.name });
  await schema.release();
  expect(broken).toEqual([]);
});

/** Submits a job that waits for `release`. */
async function submitGated(to: Daemon, id: string, plugin = "gated"): Promise<string> {
  const webhook = { url: receiver.url };
  return (await to.post("/v1/jobs", { plugins: [plugin], input: { id, folder }, webhook })).jobId;
}

const release = (id: string) => writeFile(join(folder, id), "");

/** The daemons that began the gated jobs, in the order of their beginnings. */
async function begun(): Promise<{ id: string; by: number }[]> {
  const file = join(folder, "begun");
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  return lines.map((line) => ({ id: line.split(" ")[0] ?? "", by: Number(line.split(" ")[1]) }));
}

async function begunBy(id: string, count = 1): Promise<number> {
  return until(
    `${id} begins`,
    async () => {
      const found = (await begun()).filter((each) => each.id === id);
      return found.length >= count ? found.at(-1)?.by : null;
    },
    LIMIT,
  );
}

const toPost = (body: object): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const statusAt = async (daemon: Daemon, jobId: string): Promise<string> =>
  (await daemon.get(`/v1/jobs/${jobId}`)).status;

/** Two gated jobs, given to A. Each daemon has one thread, so that each runs one of them. */
async function fillBoth() {
  const ids = ["first", "second"] as const;
  const jobs = new Map<string, string>();
  for (const id of ids) jobs.set(id, await submitGated(a, id));
  const by = new Map<number, string>();
  for (const id of ids) by.set(await begunBy(id), id);
  const at = (daemon: Daemon) => {
    const id = by.get(daemon.process.pid ?? 0) ?? "";
    return { id, jobId: jobs.get(id) ?? "" };
  };
  return { atA: at(a), atB: at(b) };
}

test("a job that is given to one daemon is run by whichever has a free thread", async () => {
  const { atA, atB } = await fillBoth();
  expect(new Set([atA.id, atB.id])).toEqual(new Set(["first", "second"]));
  await Promise.all([release("first"), release("second")]);
  await until("both end", async () => {
    const states = await Promise.all([atA, atB].map(({ jobId }) => statusAt(b, jobId)));
    return states.every((state) => state === "completed");
  });
});

test("each daemon lists both, and soon only the one that is left", async () => {
  const listed = async (daemon: Daemon): Promise<[pid: number, isThis: boolean, isUp: boolean][]> =>
    (await daemon.get("/v1/status")).daemons.map(
      (each: { processId: number; isThis: boolean; isUp: boolean }) => [
        each.processId,
        each.isThis,
        each.isUp,
      ],
    );
  const [pidOfA, pidOfB] = [a.process.pid, b.process.pid];
  expect(await listed(a)).toEqual([
    [pidOfA, true, true],
    [pidOfB, false, true],
  ]);
  expect(await listed(b)).toEqual([
    [pidOfA, false, true],
    [pidOfB, true, true],
  ]);
  await a.end("SIGKILL");
  await until("the dead one to be forgotten", async () => (await listed(b)).length === 1, LIMIT);
});

test("who waits at one daemon for a job that runs at the other gets its end", async () => {
  const { atA, atB } = await fillBoth();
  await release(atA.id);
  const headers = { prefer: "wait=20", "idempotency-key": "wait" };
  const body = { plugins: ["gated"], input: { id: "third", folder } };
  // B is still busy with its first, so that A takes it; the next one waits for B.
  const third = a.post("/v1/jobs", body, { prefer: "wait=20" });
  await begunBy("third");
  const fourth = a.post(
    "/v1/jobs",
    { plugins: ["gated"], input: { id: "fourth", folder } },
    headers,
  );
  await release(atB.id);
  expect(await begunBy("fourth")).toBe(b.process.pid);
  const from = performance.now();
  await release("fourth");
  expect(await fourth).toMatchObject({ status: "completed" });
  expect(performance.now() - from).toBeLessThan(2_000);
  await release("third");
  expect(await third).toMatchObject({ status: "completed" });
});

test("a cancellation at one daemon ends a job that runs at the other", async () => {
  const { atA, atB } = await fillBoth();
  await a.post(`/v1/jobs/${atB.jobId}/cancel`, {});
  expect(await a.get(`/v1/jobs/${atB.jobId}`)).toMatchObject({
    status: "failed",
    errorCode: "CANCELLED",
  });
  // B's only thread is free again, although nothing released the step.
  const next = await submitGated(a, "next");
  expect(await begunBy("next")).toBe(b.process.pid);
  await Promise.all([release("next"), release(atA.id)]);
  await until("the next ends", async () => (await statusAt(a, next)) === "completed");
});

test("a daemon accepts a job whose plugin only the other one has", async () => {
  await dropPlugin(b.pluginsDir, "only-b", `async () => process.ppid`);
  const body = { plugins: ["only-b"] };
  await until("A to know of it", async () => (await a.request("/v1/jobs", toPost(body))).ok, LIMIT);
  const job = await a.post("/v1/jobs", body, { prefer: "wait=20" });
  expect(job).toMatchObject({ status: "completed", steps: [{ output: b.process.pid }] });
  const unknown = await a.request("/v1/jobs", toPost({ plugins: ["nobody-has-it"] }));
  expect(unknown.status).toBe(404);
  expect(await a.get("/v1/plugins/only-b")).toMatchObject({ status: "elsewhere" });
  expect(await b.get("/v1/plugins/only-b")).toMatchObject({ status: "ready" });
  const { items } = await a.get("/v1/plugins");
  expect(items.map(({ name }: { name: string }) => name)).toContain("only-b");
});

test("a job whose plugin no running daemon has says so", async () => {
  await dropPlugin(b.pluginsDir, "only-b", `async () => process.ppid`);
  const body = { plugins: ["only-b"], runAt: new Date(Date.now() + 3_000).toISOString() };
  const accepted = await until(
    "A to know of it",
    () => a.request("/v1/jobs", toPost(body)).then((answer) => (answer.ok ? answer : null)),
    LIMIT,
  );
  const { jobId } = (await accepted.json()) as { jobId: string };
  await b.end("SIGKILL");
  const detail = async () => (await a.get(`/v1/jobs/${jobId}`)).waitingFor?.detail;
  const expected = 'No running daemon has plugin "only-b".';
  await until("the job says so", async () => (await detail()) === expected, LIMIT);
});

test("a daemon takes over the jobs of one that was killed", async () => {
  const { atA, atB } = await fillBoth();
  await release(atA.id);
  await until("A is free", async () => (await statusAt(a, atA.jobId)) === "completed");
  // An event whose delivery is not recorded yet when its daemon is killed is sent again.
  await until("its first event to be recorded", async () => {
    const { items } = await a.get(`/v1/deliveries?jobId=${atB.jobId}&state=delivered`);
    return items.length === 1;
  });
  const from = performance.now();
  await b.end("SIGKILL");
  expect(await begunBy(atB.id, 2)).toBe(a.process.pid);
  expect(performance.now() - from).toBeLessThan(10_000);
  await release(atB.id);
  await until("its job ends", async () => (await statusAt(a, atB.jobId)) === "completed");
  const events = await receiver.untilReceived(3, ({ event }) => event.jobId === atB.jobId);
  expect(events.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
});

test("each event is delivered once and in order, whichever daemon runs and delivers", async () => {
  const jobs = await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const body = { plugins: ["count", "count"], input: { n }, webhook: { url: receiver.url } };
      return (await (n % 2 === 0 ? a : b).post("/v1/jobs", body)).jobId as string;
    }),
  );
  await receiver.untilReceived(jobs.length, ({ event }) => event.status === "completed");
  const sequences = Map.groupBy(receiver.received, ({ event }) => event.jobId as string);
  for (const jobId of jobs) {
    expect(sequences.get(jobId)?.map(({ event }) => event.sequence)).toEqual([1, 2, 3, 4]);
  }
});

test("a token that one daemon adds or removes counts at the other, and after a restart", async () => {
  const { token } = await a.post("/v1/tokens", { name: "ci", scope: "read" });
  const ask = async (daemon: Daemon): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await daemon.request("/v1/jobs", { headers })).status;
  };
  expect(await ask(a)).toBe(200);
  await until("B knows the token", async () => (await ask(b)) === 200, LIMIT);
  const c = await shared.start();
  expect(await ask(c)).toBe(200);
  const removed = await b.request("/v1/tokens/ci", { method: "DELETE" });
  expect(removed.status).toBe(204);
  expect(await ask(b)).toBe(401);
  await until("A refuses the token", async () => (await ask(a)) === 401, LIMIT);
  await until("C refuses the token", async () => (await ask(c)) === 401, LIMIT);
}, 60_000);

test("a limit counts for both daemons, and the slot of one that is killed comes back", async () => {
  const ids = new Map<string, string>();
  for (const [id, daemon] of [["one", a] as const, ["two", b] as const]) {
    ids.set(id, await submitGated(daemon, id, "alone"));
  }
  const first = await until("one begins", async () => (await begun())[0], LIMIT);
  const other = first.id === "one" ? "two" : "one";
  const waitingFor = async () => (await a.get(`/v1/jobs/${ids.get(other)}`)).waitingFor;
  expect((await until("the other waits", waitingFor, LIMIT)).detail).toBe(
    'Limit "alone" lets 1 step run at the same time, and 1 does now. It is the next of the jobs that wait.',
  );
  // A job without a limit goes past it, to the thread that is free.
  const free = await a.post("/v1/jobs", { plugins: ["count"], input: { n: 1 } });
  await until("it ends", async () => (await statusAt(b, free.jobId)) === "completed", LIMIT);
  const [holder, survivor] = first.by === a.process.pid ? [a, b] : [b, a];
  await holder.end("SIGKILL");
  expect(await begunBy(first.id, 2)).toBe(survivor.process.pid);
  expect((await begun()).map(({ id }) => id)).toEqual([first.id, first.id]);
  await release(first.id);
  expect(await begunBy(other)).toBe(survivor.process.pid);
  await release(other);
});
