/**
 * A minimal version of the main path to compare the daemon with: it accepts a job, stores it, runs
 * it in a thread, stores the result and posts the events. It has no retries, ordering, signatures,
 * logs or checks, and it writes to disk on the main thread. It runs in a separate process.
 */
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import fastify from "fastify";
import { Piscina } from "piscina";
import { Pool } from "undici";

interface Submitted {
  readonly input: { readonly text: string };
  readonly webhook: { readonly url: string; readonly on?: readonly string[] };
}

const db = new DatabaseSync(process.argv[2] ?? ":memory:");
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT, spec TEXT, result TEXT) STRICT`);
const insert = db.prepare("INSERT INTO jobs (status, spec) VALUES ('queued', ?)");
const finish = db.prepare("UPDATE jobs SET status = 'completed', result = ? WHERE id = ?");
const threads = new Piscina({
  filename: fileURLToPath(new URL("count-words.ts", import.meta.url)),
  minThreads: 2,
  maxThreads: 2,
});
const pools = new Map<string, Pool>();

interface Event {
  readonly status: string;
  readonly jobId: number;
  readonly timestamp: string;
  readonly result?: unknown;
}

async function post({ url, on }: Submitted["webhook"], event: Event): Promise<void> {
  if (on !== undefined && !on.includes(event.status)) return;
  const { origin, pathname } = new URL(url);
  let pool = pools.get(origin);
  if (pool === undefined) pools.set(origin, (pool = new Pool(origin, { connections: 64 })));
  const response = await pool.request({
    path: pathname,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
  });
  await response.body.dump();
}

async function run(id: number, { input, webhook }: Submitted): Promise<void> {
  await post(webhook, { status: "started", jobId: id, timestamp: new Date().toISOString() });
  const result: unknown = await threads.run(input);
  finish.run(JSON.stringify(result), id);
  const about = { jobId: id, timestamp: new Date().toISOString(), result };
  await post(webhook, { status: "progress", ...about });
  await post(webhook, { status: "completed", ...about });
}

const server = fastify();
server.post("/v1/jobs", async (request, reply) => {
  const job = request.body as Submitted;
  const id = Number(insert.run(JSON.stringify(job)).lastInsertRowid);
  void run(id, job);
  return reply.code(202).send({ jobId: id, status: "queued" });
});
process.send?.({ url: await server.listen({ port: 0, host: "127.0.0.1" }) });
process.on("disconnect", () => process.exit());
