/** Tokens that are added and removed at the command line, in a daemon that runs meanwhile. */
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

async function ask(token: string, method: "GET" | "POST", path: string): Promise<number> {
  const answer = await daemon.request(path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(method === "POST" && { body: JSON.stringify({ plugins: ["echo"] }) }),
  });
  return answer.status;
}

test("a token that is added works at once within its scope, and one that is removed no more", async () => {
  const { code, stdout, stderr } = await tokens("add", "ci", "--scope", "run");
  expect(code).toBe(0);
  const token = stdout.trim();
  expect(stdout).toBe(`${token}\n`);
  expect(stderr).toContain(`"ci" (run), added to ${daemon.dataDir}/tokens.json;`);
  expect(await ask(token, "GET", "/v1/jobs")).toBe(200);
  expect(await ask(token, "POST", "/v1/jobs")).toBe(202);
  expect(await ask(token, "POST", "/v1/webhooks")).toBe(403);
  expect((await tokens("list")).stdout).toMatch(/^ci {4}run {4}\d{4}-/m);
  expect((await tokens("remove", "ci")).code).toBe(0);
  expect(await ask(token, "GET", "/v1/jobs")).toBe(401);
  expect((await tokens("list")).stdout).not.toContain("ci");
  expect(daemon.output()).not.toContain(token);
});

test("tokens are kept as digests, in a file for the daemon's user alone", async () => {
  const { stdout } = await tokens("add", "kept", "--scope=read");
  const path = join(daemon.dataDir, "tokens.json");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).not.toContain(stdout.trim().slice(3));
});

describe("the command", () => {
  test("tells on stderr in which folder it looked", async () => {
    expect((await tokens("list")).stderr).toBe(`In ${daemon.dataDir}/tokens.json:\n`);
    const nowhere = await runCli(["tokens", "list", "--data-dir", "nowhere"], { cwd: root });
    expect(nowhere.stderr).toBe(
      `In ${root}/nowhere/tokens.json, which is not there; --data-dir names another folder:\n`,
    );
  });

  test.each([
    [[], "tokens needs a verb"],
    [["add", "x"], "--scope is missing: it must be one of read, run, admin."],
    [["add", "x", "--scope", "all"], '--scope is "all"'],
    [["add", "--scope", "read"], "NAME is"],
    [["add", "../x", "--scope", "read"], 'NAME is "../x"'],
    [["remove", "nobody"], 'There is no token "nobody" in '],
  ])("%j is refused in a line", async (args, message) => {
    const { code, stdout, stderr } = await tokens(...args);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("refuses a name that is taken", async () => {
    await tokens("add", "twice", "--scope", "read");
    const { code, stderr } = await tokens("add", "twice", "--scope", "admin");
    expect(stderr).toContain('There is a token "twice" already');
    expect(code).toBe(2);
  });
});
