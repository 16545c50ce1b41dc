/** What the daemon knows about its plugins outlives it, and the command line reads it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const BROKEN = "export default {";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-known-"));
  await mkdir(join(root, "plugins"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function open(): Promise<Daemon> {
  const daemon = await startDaemon({ root });
  onTestFinished(() => daemon.close());
  return daemon;
}

function put(file: string, text: string): Promise<void> {
  return writeFile(join(root, "plugins", file), text);
}

function plugin(name: string, result: string): string {
  return `import { definePlugin } from "playground-runner/plugin";
    import { z } from "zod";
    export default definePlugin({
      name: "${name}", description: "For a test.", input: z.object({ n: z.number() }), run: () => "${result}",
    });`;
}

interface Listed {
  readonly name: string;
  readonly status: string;
  readonly source: string;
}

function ofFolder(listed: readonly Listed[]): unknown[] {
  return listed
    .filter(({ source }) => source !== "built-in")
    .map(({ name, status, source }) => [name, status, source]);
}

async function listedBy(daemon: Daemon): Promise<unknown[]> {
  return ofFolder(((await daemon.get("/v1/plugins?limit=200")) as { items: Listed[] }).items);
}

async function listedByCommand(): Promise<unknown[]> {
  const { stdout } = await runCli(["plugins", "--json"], { cwd: root });
  return ofFolder(JSON.parse(stdout) as Listed[]);
}

test("the daemon, a restarted one and the command line agree on the name of a broken file", async () => {
  await put("first.ts", plugin("word", "original"));
  await put("second.ts", plugin("word", "copy"));
  const daemon = await open();
  const whole = [
    ["word", "ready", "first.ts"],
    ["word", "broken", "second.ts"],
  ];
  expect(await listedBy(daemon)).toEqual(whole);
  expect(await listedByCommand()).toEqual(whole);

  await put("first.ts", BROKEN);
  const broken = [
    ["word", "broken", "first.ts"],
    ["word", "broken", "second.ts"],
  ];
  await until("the file to be broken", async () => {
    return JSON.stringify(await listedBy(daemon)) === JSON.stringify(broken);
  });
  expect(await listedByCommand()).toEqual(broken);
  const run = await runCli(["run", "word", "--input", "-"], { cwd: root, stdin: `{"n":1}` });
  expect(run.stderr).toContain('Plugin "word" could not be loaded: ');

  await daemon.end("SIGKILL");
  expect(await listedByCommand()).toEqual(broken);
  expect(await listedBy(await open())).toEqual(broken);
});

test("after a restart, jobs of a plugin that is broken are checked, accepted and wait", async () => {
  await put("late.ts", plugin("word", "done"));
  const first = await open();
  expect(await listedBy(first)).toEqual([["word", "ready", "late.ts"]]);
  await first.end("SIGTERM");
  await put("late.ts", BROKEN);
  await put("never.ts", BROKEN);

  const daemon = await open();
  const submit = (name: string, input: unknown): Promise<Response> =>
    daemon.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plugins: [name], input }),
    });
  const never = await submit("never", {});
  expect([never.status, never.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(await (await submit("word", { n: "1" })).json()).toMatchObject({ code: "INPUT_INVALID" });
  const accepted = await submit("word", { n: 1 });
  expect(accepted.status).toBe(202);
  const { jobId } = (await accepted.json()) as { jobId: string };
  await until("the job to wait", async () => {
    return (await daemon.get(`/v1/jobs/${jobId}`)).waitingFor !== null;
  });
  await put("late.ts", plugin("word", "done"));
  await until("the job to complete", async () => {
    return (await daemon.get(`/v1/jobs/${jobId}`)).status === "completed";
  });
});

test("a database that cannot be read gives the command line a warning, and the files decide", async () => {
  await put("word.ts", plugin("word", "done"));
  await mkdir(join(root, "data"));
  await writeFile(
    join(root, "data", "playground.db"),
    "not a database, and long enough to be read",
  );
  const { code, stdout, stderr } = await runCli(["plugins"], { cwd: root });
  expect(code).toBe(0);
  expect(stdout).toContain("word.ts");
  expect(stderr).toMatch(
    /^Warning: a broken file does not keep its name here, because .* cannot be opened: /,
  );
});
