/** Tokens that are added and removed at the command line while a daemon runs. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

let root: string;
let daemon: Daemon;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-tokens-"));
  daemon = await startDaemon({ root, plugins: { echo: "(input) => input" } });
});
afterAll(async () => {
  await daemon.close();
  await rm(root, { recursive: true, force: true });
});

const tokens = (...args: string[]): Promise<CliRun> =>
  runCli(["tokens", ...args], { env: { PLAYGROUND_DATA_DIR: daemon.dataDir } });

async function statusOf(token: string, method: "GET" | "POST", path: string): Promise<number> {
  const answer = await daemon.request(path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(method === "POST" && { body: JSON.stringify({ plugins: ["echo"] }) }),
  });
  return answer.status;
}

test("an added token works immediately within its scope, and a removed one stops working", async () => {
  const { code, stdout, stderr } = await tokens("add", "ci", "--scope", "run");
  expect(code).toBe(0);
  const token = stdout.trim();
  expect(stdout).toBe(`${token}\n`);
  expect(stderr).toContain(`Added token "ci" (run) to ${daemon.dataDir}/tokens.json.`);
  expect(await statusOf(token, "GET", "/v1/jobs")).toBe(200);
  expect(await statusOf(token, "POST", "/v1/jobs")).toBe(202);
  expect(await statusOf(token, "POST", "/v1/webhooks")).toBe(403);
  expect((await tokens("list")).stdout).toMatch(/^ci {4}run {4}\d{4}-/m);
  expect((await tokens("remove", "ci")).code).toBe(0);
  expect(await statusOf(token, "GET", "/v1/jobs")).toBe(401);
  expect((await tokens("list")).stdout).not.toContain("ci");
  expect(daemon.output()).not.toContain(token);
});

test("tokens are stored as digests, in a file that only the daemon's user can read", async () => {
  const { stdout } = await tokens("add", "kept", "--scope=read");
  const path = join(daemon.dataDir, "tokens.json");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).not.toContain(stdout.trim().slice(3));
});

describe("the command", () => {
  test("names the file of tokens on stderr", async () => {
    expect((await tokens("list")).stderr).toBe(`Tokens in ${daemon.dataDir}/tokens.json:\n`);
    const nowhere = await runCli(["tokens", "list", "--data-dir", "nowhere"], { cwd: root });
    expect(nowhere.stderr).toBe(
      `Tokens in ${root}/nowhere/tokens.json, which does not exist (use --data-dir to name another folder):\n`,
    );
  });

  test.each([
    [["ad", "x"], 'after "tokens" it must be one of add, list, remove. Did you mean "add"?'],
    [["add", "x"], "--scope is missing: it must be one of read, run, admin."],
    [["add", "x", "--scope", "all"], '--scope is "all"'],
    [["add", "--scope", "read"], "tokens add needs a name: playground-runner tokens add NAME"],
    [["add", "../x", "--scope", "read"], 'NAME is "../x"'],
    [["remove", "nobody"], 'No token has the name "nobody".'],
  ])("%j is refused in one line", async (args, message) => {
    const { code, stdout, stderr } = await tokens(...args);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("refuses a name that is in use", async () => {
    await tokens("add", "twice", "--scope", "read");
    const { code, stderr } = await tokens("add", "twice", "--scope", "admin");
    expect(stderr).toContain('A token with the name "twice" exists');
    expect(code).toBe(2);
  });
});
