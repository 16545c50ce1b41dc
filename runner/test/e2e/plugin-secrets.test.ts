/** Secrets that plugins declare, in a real daemon with real plugins. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const KEY = "sk-0123456789-abcdef";
let folder: string;
let file: string;
let daemon: Daemon;

const definition = (name: string, secrets: string, body: string): string => `
import { definePlugin } from "playground-runner/plugin";
export default definePlugin({ name: "${name}", description: "For a test.", secrets: ${secrets}, run: ${body} });
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-secrets-"));
  file = join(folder, "late");
  const pluginsDir = join(folder, "plugins");
  daemon = await startDaemon({
    root: folder,
    pluginsDir,
    env: { PLAYGROUND_SECRET_API_KEY: KEY, PLAYGROUND_SECRET_LATE_FILE: file },
    plugins: {
      plain:
        "async (input, ctx) => ({ ...ctx.secrets, env: process.env, keys: Object.keys(ctx.secrets) })",
    },
  });
  await writeFile(
    join(pluginsDir, "uses-key.ts"),
    definition(
      "uses-key",
      '["API_KEY"]',
      `async (input, ctx) => {
        const key = ctx.secrets.API_KEY;
        ctx.log.info("Bearer " + key, { headers: { authorization: key } });
        console.log("printed", key, ctx.secrets);
        if (input === "throw") throw new Error("401 for " + key, { cause: new Error("with " + key) });
        if (input === "crash") { setTimeout(() => { throw new Error("later " + key); }); await new Promise(() => {}); }
        return input === "return" ? { key } : { length: key.length, secrets: ctx.secrets };
      }`,
    ),
  );
  await writeFile(
    join(pluginsDir, "late.ts"),
    definition("late", '["LATE"]', "async (input, ctx) => ctx.secrets.LATE.length"),
  );
  await until("the plugins", async () => {
    const { items } = await daemon.get("/v1/plugins");
    const names = new Set(items.map(({ name }: { name: string }) => name));
    return names.has("uses-key") && names.has("late");
  });
});
afterAll(async () => {
  await daemon.close();
  await rm(folder, { recursive: true, force: true });
});

async function runJob(plugin: string, input: unknown) {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: [plugin], input });
  const job = await until("the end of the job", async () => {
    const found = await daemon.get(`/v1/jobs/${jobId}`);
    return found.endedAt === null ? null : found;
  });
  const { items } = await daemon.get(`/v1/jobs/${jobId}/logs`);
  return { job, log: JSON.stringify(items) };
}

test("a plugin gets the value, and the job's log has its name in its place", async () => {
  const { job, log } = await runJob("uses-key", null);
  expect(job).toMatchObject({
    status: "completed",
    output: { length: KEY.length, secrets: "[secrets]" },
  });
  expect(log).not.toContain(KEY);
  expect(log).toContain("Bearer •••API_KEY");
  expect(log).toContain("printed •••API_KEY [secrets]");
});

test.each(["throw", "crash"])(
  "an error of a plugin that %ss has the name in its place",
  async (how) => {
    const { job, log } = await runJob("uses-key", how);
    expect(job.status).toBe("failed");
    expect(JSON.stringify(job)).not.toContain(KEY);
    expect(job.error).toContain("•••API_KEY");
    expect(log).not.toContain(KEY);
    expect(daemon.output()).not.toContain(KEY);
  },
);

test("an output is data: it keeps the value, and the log warns", async () => {
  const { job, log } = await runJob("uses-key", "return");
  expect(job.output).toEqual({ key: KEY });
  expect(log).toContain("The output contains the secret API_KEY.");
});

test("a plugin that declares none has none, and its environment neither", async () => {
  const { job } = await runJob("plain", null);
  expect(JSON.stringify(job.output)).not.toContain(KEY);
  expect(job.output.keys).toEqual([]);
  const { stdout } = await promisify(execFile)("pgrep", ["-P", String(daemon.process.pid)]);
  for (const pid of stdout.trim().split("\n")) {
    expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain(KEY);
  }
});

test("jobs wait for a missing secret with the reason, and run when it is there", async () => {
  const { items } = await daemon.get("/v1/plugins");
  const reason = `The secret LATE cannot be read from "${file}", which PLAYGROUND_SECRET_LATE_FILE names: ENOENT.`;
  expect(items.find(({ name }: { name: string }) => name === "late")).toMatchObject({
    status: "broken",
    error: reason,
  });
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["late"], input: null });
  const waiting = await until("the wait", async () => {
    const found = await daemon.get(`/v1/jobs/${jobId}`);
    return found.waitingFor === null ? null : found;
  });
  expect(waiting.waitingFor).toMatchObject({
    kind: "plugin",
    on: "late",
    detail: expect.stringContaining(reason),
  });
  await writeFile(file, "here it is\n");
  const ended = await until("the end", async () => {
    const found = await daemon.get(`/v1/jobs/${jobId}`);
    return found.endedAt === null ? null : found;
  });
  expect(ended).toMatchObject({ status: "completed", output: 10 });
  await writeFile(file, "another value\n");
  await until("the new value", async () => (await runJob("late", null)).job.output === 13);
});
