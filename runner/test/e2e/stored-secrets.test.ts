/** Secrets that are set over the API and with the command line, in a real daemon with real plugins. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BINARY, runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** Of util-linux. It is not on every machine. */
const SCRIPT = "/usr/bin/script";
const KEY = "sk-0123456789-abcdef";
let folder: string;
let daemon: Daemon;

const definition = (name: string, secrets: string, body: string): string => `
import { definePlugin } from "playground-runner/plugin";
export default definePlugin({ name: "${name}", description: "For a test.", secrets: ${secrets}, run: ${body} });
`;

async function add(name: string, secret: string, body: string): Promise<void> {
  const text = definition(name, JSON.stringify([secret]), body);
  await mkdir(daemon.pluginsDir, { recursive: true });
  await writeFile(join(daemon.pluginsDir, `${name}.ts`), text);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-secrets-"));
  daemon = await start();
  await add(
    "uses-key",
    "API_KEY",
    `async (_input, { secrets, log }) => {
    log.info("Bearer " + secrets.API_KEY);
    if (secrets.API_KEY.startsWith("bad")) throw new Error("401 for " + secrets.API_KEY);
    return secrets.API_KEY.length;
  }`,
  );
  await add("fixed", "FIXED", "async (_input, { secrets }) => secrets.FIXED");
  await until("the plugins", async () => (await listed()).length === 2);
});
afterAll(async () => {
  await daemon.close();
  await rm(folder, { recursive: true, force: true });
});

const start = () =>
  startDaemon({ root: folder, env: { PLAYGROUND_SECRET_FIXED: "from the environment" } });

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
const listed = async (): Promise<any[]> => (await daemon.get("/v1/secrets")).secrets;

const set = (name: string, value: string) =>
  daemon.request(`/v1/secrets/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ value }),
  });

const submit = async (plugin: string): Promise<string> =>
  (await daemon.post("/v1/jobs", { plugins: [plugin] })).jobId;

const endOf = (jobId: string) =>
  until("the end", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.endedAt === null ? null : job;
  });

const run = async (plugin: string) => endOf(await submit(plugin));

test("jobs that wait for a secret begin when it is set, and a removal makes the next ones wait", async () => {
  expect(await listed()).toMatchObject([
    { name: "API_KEY", source: "missing", plugins: ["uses-key"] },
    { name: "FIXED", source: "environment", variable: "PLAYGROUND_SECRET_FIXED" },
  ]);
  const waits = async (jobId: string) => {
    const reason = "The secret API_KEY is missing: set it with PUT /v1/secrets/API_KEY, or set";
    const job = await until("the wait", async () => {
      const found = await daemon.get(`/v1/jobs/${jobId}`);
      return found.waitingFor === null ? null : found;
    });
    expect(job.waitingFor.detail).toContain(reason);
  };
  const first = await submit("uses-key");
  await waits(first);
  expect((await set("API_KEY", KEY)).status).toBe(201);
  expect(await endOf(first)).toMatchObject({ status: "completed", output: KEY.length });
  expect((await daemon.request("/v1/secrets/API_KEY", { method: "DELETE" })).status).toBe(204);
  const second = await submit("uses-key");
  await waits(second);
  expect((await set("API_KEY", KEY)).status).toBe(201);
  expect(await endOf(second)).toMatchObject({ status: "completed", output: KEY.length });
});

test("the next step gets a changed value, and values are in no log and no error", async () => {
  await set("API_KEY", KEY);
  expect(await run("uses-key")).toMatchObject({ output: KEY.length });
  await set("API_KEY", "bad-0123456789");
  const failed = await run("uses-key");
  expect(failed).toMatchObject({ status: "failed", error: "401 for •••API_KEY" });
  const { items } = await daemon.get(`/v1/jobs/${failed.jobId}/logs`);
  expect(JSON.stringify(items)).toContain("Bearer •••API_KEY");
  for (const value of [KEY, "bad-0123456789"]) {
    expect(JSON.stringify([failed, items, await listed()])).not.toContain(value);
    expect(daemon.output()).not.toContain(value);
  }
});

test("an environment variable precedes a value that is set", async () => {
  const answer = await set("FIXED", "from the API");
  expect(await answer.json()).toMatchObject({
    source: "environment",
    variable: "PLAYGROUND_SECRET_FIXED",
    updatedAt: expect.any(String),
  });
  expect(await run("fixed")).toMatchObject({ output: "from the environment" });
});

test("a restarted daemon has the values from its first step on", async () => {
  await set("API_KEY", `${KEY}-2`);
  await daemon.end("SIGKILL");
  daemon = await start();
  expect(await daemon.get("/v1/plugins/uses-key")).toMatchObject({ status: "ready" });
  expect(await run("uses-key")).toMatchObject({ output: KEY.length + 2 });
});

test("the command line sets from standard input or a file, lists and removes", async () => {
  const env = { PLAYGROUND_URL: daemon.url, PLAYGROUND_TOKEN: daemon.token };
  const cli = (args: readonly string[], stdin?: string) =>
    runCli(["secrets", ...args], { env, ...(stdin !== undefined && { stdin }) });
  expect(await cli(["set", "FROM_STDIN"], "value one\n")).toMatchObject({
    code: 0,
    stdout: "Set FROM_STDIN.\n",
  });
  const file = join(daemon.dataDir, "value.txt");
  await writeFile(file, `${KEY}\r\n`);
  expect(await cli(["set", "API_KEY", "--value-file", file])).toMatchObject({ code: 0 });
  expect(await run("uses-key")).toMatchObject({ output: KEY.length });
  expect((await cli(["set", "FIXED"], "x")).stderr).toContain("PLAYGROUND_SECRET_FIXED");
  const { stdout } = await cli(["list"]);
  expect(stdout).toMatch(/API_KEY +stored .*uses-key/);
  expect(stdout).toMatch(/FIXED +PLAYGROUND_SECRET_FIXED /);
  expect(stdout).not.toContain(KEY);
  expect(await cli(["remove", "FROM_STDIN"])).toMatchObject({ stdout: "Removed FROM_STDIN.\n" });
  const refusals = [
    [["set", "API_KEY"], "", /Standard input is empty/],
    [["set", "API_KEY", "--value-file", `${file}-none`], "", /must be a file that can be read/],
    [["set", "api-key"], "x", /such as API_KEY/],
    [["set", "API_KEY", KEY], "", /value-file|too many|argument/i],
    [["remove", "FROM_STDIN"], "", /FROM_STDIN/],
  ] as const;
  for (const [args, stdin, message] of refusals) {
    const refused = await cli(args, stdin);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(message);
  }
});

/** Runs `secrets set TYPED` on a terminal, types the text, and returns what the terminal shows. */
async function setOnTerminal(typed: string): Promise<{ code: unknown; shown: string }> {
  // `script` runs a command on a terminal of its own, which shows what is typed unless the command says not to.
  const command = `"${process.execPath}" "${BINARY}" secrets set TYPED`;
  const child = spawn(SCRIPT, ["-qefc", command, "/dev/null"], {
    env: {
      PATH: process.env["PATH"],
      PLAYGROUND_URL: daemon.url,
      PLAYGROUND_TOKEN: daemon.token,
    },
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => void (shown += chunk.toString()));
  const exited = once(child, "exit");
  await until("the question", () => shown.includes("TYPED, which is not shown"));
  child.stdin.write(typed);
  const [code] = (await exited) as [unknown];
  return { code, shown };
}

test.skipIf(!existsSync(SCRIPT))("a value that is typed on a terminal is not shown", async () => {
  const { code, shown } = await setOnTerminal("a typed value\r");
  expect(code).toBe(0);
  expect(shown).toContain("Set TYPED.");
  expect(shown).not.toContain("a typed value");
  expect(await listed()).toContainEqual(
    expect.objectContaining({ name: "TYPED", source: "stored" }),
  );
});

test.skipIf(!existsSync(SCRIPT)).each([
  ["nothing", "\r", 2, "Nothing was typed"],
  ["Ctrl+C", "half a value\u0003", 130, ""],
])("%s on a terminal sets no secret", async (_, typed, code, message) => {
  await daemon.request("/v1/secrets/TYPED", { method: "DELETE" });
  const ended = await setOnTerminal(typed);
  expect(ended).toEqual({ code, shown: expect.stringContaining(message) });
  expect(await listed()).not.toContainEqual(expect.objectContaining({ name: "TYPED" }));
});
