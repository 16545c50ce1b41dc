/**
 * The floor of the daemon's own shape: events in order, handed over after the commit, every attempt
 * kept, rows of steps and events, signatures, a process for the plugins, and nothing acknowledged or
 * sent before it is on disk. It has no checks, retries, limits, leases or logs. SQLite is on the main
 * thread; one `fdatasync` of the log at a time makes what was committed durable.
 */
import { fork } from "node:child_process";
import { fdatasync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import fastify from "fastify";
import type { FloorResult, FloorTask } from "./floor-executor.ts";
import {
  eventsOf,
  oncePerTick,
  post,
  serve,
  toJob,
  type BaselineEvent,
  type BaselineJob,
} from "./parts.ts";

const MAX_RUNNING = 64;
const path = process.argv[2] ?? "floor.db";
const db = new DatabaseSync(path);
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 20000;
  CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, status TEXT, spec TEXT, output TEXT,
    ended_at INTEGER) STRICT;
  CREATE INDEX jobs_queued ON jobs (seq) WHERE status = 'queued';
  CREATE TABLE steps (job INTEGER, position INTEGER, output TEXT, PRIMARY KEY (job, position)) STRICT, WITHOUT ROWID;
  CREATE TABLE events (id TEXT PRIMARY KEY, job INTEGER, kind TEXT, body TEXT) STRICT;
  CREATE TABLE deliveries (id TEXT PRIMARY KEY, job INTEGER, state TEXT, ended_at INTEGER) STRICT;
  CREATE INDEX deliveries_by_job ON deliveries (job);
  CREATE TABLE attempts (delivery TEXT, number INTEGER, at INTEGER, status INTEGER, response TEXT,
    PRIMARY KEY (delivery, number)) STRICT, WITHOUT ROWID`);
const insertJob = db.prepare("INSERT INTO jobs (id, status, spec) VALUES (?, 'queued', ?)");
const startJob = db.prepare("UPDATE jobs SET status = 'running' WHERE seq = ?");
const endJob = db.prepare(
  "UPDATE jobs SET status = 'completed', output = ?, ended_at = ? WHERE seq = ?",
);
const insertStep = db.prepare("INSERT INTO steps VALUES (?, 0, ?)");
const insertEvent = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?)");
const insertDelivery = db.prepare("INSERT INTO deliveries VALUES (?, ?, ?, NULL)");
const makeDue = db.prepare("UPDATE deliveries SET state = 'due' WHERE id = ?");
const endDelivery = db.prepare(
  "UPDATE deliveries SET state = 'delivered', ended_at = ? WHERE id = ?",
);
const insertAttempt = db.prepare("INSERT INTO attempts VALUES (?, 1, ?, ?, ?)");
const wal = openSync(`${path}-wal`, "r+");

let writes: (() => void)[] = [];
/** Called when what was committed before is on disk. */
let waiting: (() => void)[] = [];
let isSyncing = false;

const schedule = oncePerTick(() => {
  const group = writes;
  writes = [];
  db.exec("BEGIN");
  for (const write of group) write();
  db.exec("COMMIT");
  sync();
});

function sync(): void {
  if (isSyncing || waiting.length === 0) return;
  isSyncing = true;
  const synced = waiting;
  waiting = [];
  fdatasync(wal, (error) => {
    if (error !== null) throw error;
    isSyncing = false;
    for (const done of synced) done();
    sync();
  });
}

function store(write: () => void, done: () => void): void {
  writes.push(write, () => waiting.push(done));
  schedule();
}

interface FloorJob extends BaselineJob {
  seq: number;
  /** The events that have not been delivered, in order. */
  readonly undelivered: BaselineEvent[];
}

function emit(job: FloorJob, events: readonly BaselineEvent[], write: () => void): void {
  const [first] = events;
  const isFirst = job.undelivered.length === 0;
  job.undelivered.push(...events);
  const storeAll = (): void => {
    write();
    for (const event of events) {
      insertEvent.run(event.id, job.seq, event.kind, event.body);
      const state = isFirst && event === first ? "due" : "waiting";
      insertDelivery.run(event.id, job.seq, state);
    }
  };
  store(storeAll, () => {
    if (isFirst && first !== undefined) void deliver(job, first);
  });
}

async function deliver(job: FloorJob, event: BaselineEvent): Promise<void> {
  const at = Date.now();
  const { status, text } = await post(job.webhook.url, event);
  job.undelivered.shift();
  const [next] = job.undelivered;
  const record = (): void => {
    insertAttempt.run(event.id, at, status, text);
    endDelivery.run(Date.now(), event.id);
    if (next !== undefined) makeDue.run(next.id);
  };
  store(record, () => {
    if (next !== undefined) void deliver(job, next);
  });
}

const executor = fork(new URL("floor-executor.ts", import.meta.url));
const running = new Map<number, FloorJob>();
const queue: FloorJob[] = [];
let tasks: FloorTask[] = [];
const sendTasks = oncePerTick(() => {
  executor.send(tasks);
  tasks = [];
});

function startNext(): void {
  while (running.size < MAX_RUNNING) {
    const job = queue.shift();
    if (job === undefined) return;
    running.set(job.seq, job);
    emit(job, eventsOf(job, ["started"], { first: 1 }), () => startJob.run(job.seq));
    tasks.push({ run: job.seq, input: JSON.stringify(job.input) });
    sendTasks();
  }
}

function end({ run, output: text }: FloorResult): void {
  const job = running.get(run);
  if (job === undefined) return;
  running.delete(run);
  const events = eventsOf(job, ["progress", "completed"], { first: 2, output: JSON.parse(text) });
  emit(job, events, () => {
    insertStep.run(run, text);
    endJob.run(text, Date.now(), run);
  });
}

await new Promise((resolve) => executor.once("message", resolve));
executor.on("message", (results: readonly FloorResult[]) => {
  for (const result of results) end(result);
  startNext();
});

const server = fastify();
server.post("/v1/jobs", (request, reply) => {
  const job: FloorJob = { ...toJob(request.body), seq: 0, undelivered: [] };
  const insert = (): void => {
    job.seq = Number(insertJob.run(job.id, JSON.stringify(job)).lastInsertRowid);
  };
  store(insert, () => {
    void reply.code(202).send({ jobId: job.id, status: "queued" });
    queue.push(job);
    startNext();
  });
});
await serve(server);
