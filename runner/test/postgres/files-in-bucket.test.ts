/**
 * Two daemons on one PostgreSQL, each with a data folder of its own, that share a bucket. What the bucket's
 * server does not do is in test/support/s3-server.ts.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createFileRequests, sha256 } from "../support/file-requests.ts";
import { dropPlugin, startDaemon, type Daemon } from "../support/daemon.ts";
import {
  SECRET_KEY,
  shareDatabase,
  urlOf,
  type SharedDaemons,
} from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { answerError, startS3, type S3Server } from "../support/s3-server.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const PLUGINS = {
  copies: `async (input, ctx) => {
    const file = await ctx.files.open(input);
    return ctx.artifacts.write("copy of " + file.name, file.stream(), { type: file.type });
  }`,
  env: `async () => Object.keys(process.env).filter((name) => /S3|AWS|PLAYGROUND/.test(name))`,
};

let schema: Schema;
let server: S3Server;
let shared: SharedDaemons;
/** Runs no job of the other's plugins: it has none. */
let a: Daemon;
/** Runs all jobs. */
let b: Daemon;

beforeEach(async () => {
  schema = await createSchema();
  server = await startS3();
  shared = await shareDatabase(urlOf(schema));
});
afterEach(async () => {
  await shared.close();
  await server.close();
  await schema.release();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  a = await shared.start({ ...server.env, ...env });
  b = await shared.start({ ...server.env, ...env });
  for (const [name, source] of Object.entries(PLUGINS))
    await dropPlugin(b.pluginsDir, name, source);
  await until("the plugins to be known", async () => {
    const { items } = (await b.get("/v1/plugins")) as { items: { name: string }[] };
    const names = new Set(items.map(({ name }) => name));
    return Object.keys(PLUGINS).every((name) => names.has(name));
  });
}

const copy = (to: Daemon, fileId: string, wait = "wait=50") =>
  to.post("/v1/jobs", { plugins: ["copies"], input: { $file: fileId } }, { prefer: wait });

const download = (from: Daemon, id: string, headers: Record<string, string> = {}) =>
  from.request(`/v1/files/${id}/content`, { headers });

test("a plugin at one daemon reads what was uploaded at the other, and the other serves what it wrote", async () => {
  await start();
  const file = await createFileRequests(a).upload("uploaded at A", "a.txt");
  const job = await copy(b, file.fileId);
  expect(job).toMatchObject({ status: "completed" });
  const key = `playground/${file.sha256.slice(0, 2)}/${file.sha256}`;
  expect(await server.keys()).toEqual([key]);
  // Neither has it in its folder.
  for (const daemon of [a, b]) await rm(join(daemon.dataDir, "artifacts"), { recursive: true });
  const whole = await download(a, job.output.$file);
  expect([whole.status, await whole.text()]).toEqual([200, "uploaded at A"]);
  const part = await download(b, job.output.$file, { range: "bytes=9-11" });
  expect([part.status, await part.text()]).toEqual([206, "at "]);
  expect((await b.post("/v1/jobs", { plugins: ["env"] }, { prefer: "wait=50" })).output).toEqual(
    [],
  );
});

test("while the bucket is down, uploads get 503, steps with files fail with a code, and the daemon is ready", async () => {
  await start();
  const file = await createFileRequests(a).upload("before");
  server.answer = answerError(403, "AccessDenied");
  const refused = await createFileRequests(a).put("now");
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).not.toBeNull();
  expect(await refused.json()).toMatchObject({ code: "FILES_UNAVAILABLE" });
  expect((await download(b, file.fileId)).status).toBe(503);
  expect((await a.request("/readyz")).status).toBe(200);
  const job = await copy(b, file.fileId);
  expect(job).toMatchObject({ status: "failed", errorCode: "FILES_UNAVAILABLE" });
  expect(job.error).toContain("AccessDenied");
  server.answer = null;
  const again = await b.post(
    "/v1/jobs",
    {
      plugins: ["copies"],
      input: { $file: file.fileId },
      retry: { attempts: 3 },
    },
    { prefer: "wait=50" },
  );
  expect(again).toMatchObject({ status: "completed" });
});

test("a daemon killed between the object and its row leaves an object, and no file", async () => {
  await start();
  server.beforeEnd = async ({ method }) => {
    if (method === "PUT") await a.end("SIGKILL");
  };
  await expect(createFileRequests(a).put("never stored")).rejects.toThrow("fetch failed");
  server.beforeEnd = null;
  const hash = sha256("never stored");
  expect(await server.keys()).toEqual([`playground/${hash.slice(0, 2)}/${hash}`]);
  expect((await b.get("/v1/files")).items).toEqual([]);
  // The same content can be uploaded, which makes it new for the sweep.
  const file = await createFileRequests(b).upload("never stored");
  expect(await (await download(b, file.fileId)).text()).toBe("never stored");
});

test("check compares the database with the bucket, and export reads from it", async () => {
  a = await shared.start(server.env);
  const file = await createFileRequests(a).upload("kept");
  await a.end("SIGTERM");
  await rm(join(a.dataDir, "artifacts"), { recursive: true });
  const env = {
    ...server.env,
    PLAYGROUND_DATABASE_URL: urlOf(schema),
    PLAYGROUND_DATA_DIR: a.dataDir,
  };
  expect(await runCli(["check"], { env })).toMatchObject({ code: 0 });
  const archive = join(a.dataDir, "archive");
  const exported = await runCli(["export", archive, "--json"], { env });
  expect(JSON.parse(exported.stdout)).toMatchObject({ contents: 1, missing: [] });
  await server.place(`playground/${file.sha256.slice(0, 2)}/${file.sha256}`, "cut");
  const checked = await runCli(["check"], { env });
  expect(checked.code).toBe(1);
  expect(checked.stdout).toContain(`${server.url} lacks ${file.sha256}`);
});

test("a daemon of another database does not start with the bucket, and one of an import does", async () => {
  const env = { ...server.env, PLAYGROUND_SECRET_KEY: SECRET_KEY };
  a = await shared.start(server.env);
  const [other, imported] = [join(a.dataDir, "other"), join(a.dataDir, "imported")];
  for (const root of [other, imported]) await mkdir(root);
  await expect(startDaemon({ root: other, env })).rejects.toThrow("Give another prefix");
  await a.end("SIGTERM");
  const archive = join(a.dataDir, "archive");
  const from = { PLAYGROUND_DATABASE_URL: urlOf(schema), PLAYGROUND_DATA_DIR: a.dataDir };
  const exported = await runCli(["export", archive], { env: { ...env, ...from } });
  const to = { PLAYGROUND_DATA_DIR: join(imported, "data") };
  const filled = await runCli(["import", archive], { env: { ...env, ...to } });
  expect([exported.code, filled.code, filled.stderr]).toEqual([0, 0, ""]);
  const daemon = await startDaemon({ root: imported, env });
  await daemon.close();
});

test("a file of 200 MiB passes through both daemons in flat memory", async () => {
  const size = 200 * MIB;
  await start({ PLAYGROUND_FILE_LIMIT: String(size) });
  const small = await createFileRequests(a).upload("warm up");
  await copy(b, small.fileId);
  const most = watchMemory([a.process.pid!, b.process.pid!]);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const chunk = Buffer.alloc(MIB, "x");
    for (let sent = 0; sent < size; sent += MIB) yield chunk;
  }
  const uploaded = await a.request("/v1/files", {
    method: "PUT",
    body: ReadableStream.from(chunks()),
    duplex: "half",
  });
  const file = (await uploaded.json()) as { fileId: string; sha256: string };
  const job = await copy(b, file.fileId, "wait=100");
  expect(job).toMatchObject({ status: "completed", output: { sha256: file.sha256, size } });
  await rm(join(a.dataDir, "artifacts"), { recursive: true });
  const hash = createHash("sha256");
  const response = await download(a, job.output.$file);
  for await (const chunk of response.body!) hash.update(chunk);
  expect(hash.digest("hex")).toBe(file.sha256);
  const grown = most();
  expect(grown.filter((bytes) => bytes > 128 * MIB)).toEqual([]);
}, 180_000);

/** Returns a function that ends the watch, and returns how much each process grew at most. */
function watchMemory(pids: readonly number[]): () => number[] {
  const resident = (pid: number): number => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  };
  const before = pids.map(resident);
  let most = before;
  const look = (): void => void (most = pids.map((pid, at) => Math.max(most[at]!, resident(pid))));
  const timer = setInterval(look, 10);
  timer.unref();
  return () => {
    clearInterval(timer);
    look();
    return most.map((bytes, at) => bytes - before[at]!);
  };
}
