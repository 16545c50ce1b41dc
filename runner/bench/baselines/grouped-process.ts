/**
 * The obvious path with its writes grouped: what arrives in one turn of the event loop shares a
 * transaction. Events are signed. It has no retries, no order of events, no leases and no checks, and
 * writes to disk on the main thread.
 */
import { DatabaseSync } from "node:sqlite";
import fastify from "fastify";
import { Piscina } from "piscina";
import type { CountedWords } from "./count-words.ts";
import {
  COUNT_WORDS,
  eventsOf,
  oncePerTick,
  post,
  serve,
  toJob,
  type BaselineEvent,
  type BaselineJob,
} from "./parts.ts";

const db = new DatabaseSync(process.argv[2] ?? ":memory:");
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE jobs (id TEXT PRIMARY KEY, status TEXT, spec TEXT, result TEXT) STRICT`);
const insert = db.prepare("INSERT INTO jobs (id, status, spec) VALUES (?, 'queued', ?)");
const finish = db.prepare("UPDATE jobs SET status = 'completed', result = ? WHERE id = ?");
const threads = new Piscina({
  filename: COUNT_WORDS,
  minThreads: 2,
  maxThreads: 2,
  concurrentTasksPerWorker: 16,
});

let waiting: { readonly write: () => void; readonly done: () => void }[] = [];
const schedule = oncePerTick(() => {
  const group = waiting;
  waiting = [];
  db.exec("BEGIN");
  for (const { write } of group) write();
  db.exec("COMMIT");
  for (const { done } of group) done();
});
function stored(write: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting.push({ write, done: resolve });
  schedule();
  return promise;
}

async function send(job: BaselineJob, events: readonly BaselineEvent[]): Promise<void> {
  for (const event of events) await post(job.webhook.url, event);
}

async function run(job: BaselineJob): Promise<void> {
  void send(job, eventsOf(job, ["started"], { first: 1 }));
  const output = (await threads.run(job.input)) as CountedWords;
  await stored(() => finish.run(JSON.stringify(output), job.id));
  await send(job, eventsOf(job, ["progress", "completed"], { first: 2, output }));
}

const server = fastify();
server.post("/v1/jobs", async (request, reply) => {
  const job = toJob(request.body);
  await stored(() => insert.run(job.id, JSON.stringify(job)));
  void run(job);
  return reply.code(202).send({ jobId: job.id, status: "queued" });
});
await serve(server);
