import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BINARY, runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: Daemon;
beforeAll(async () => void (daemon = await startDaemon()));
afterAll(() => daemon?.close());

const loginLink = (dataDir: string) => runCli(["login-link", "--data-dir", dataDir]);

function logIn(link: string): Promise<Response> {
  const { origin, pathname, hash } = new URL(link);
  return fetch(`${origin}${pathname}v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify({ key: hash.replace("#key=", "") }),
  });
}

test("the command prints a link to the running daemon that logs in once", async () => {
  const { code, stdout, stderr } = await loginLink(daemon.dataDir);
  expect(code).toBe(0);
  expect(stderr).toBe("Open this link within ten minutes. It works once:\n");
  expect(stdout.startsWith(`${daemon.url}/#key=`)).toBe(true);
  const response = await logIn(stdout.trim());
  expect(response.status).toBe(200);
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  const session = await fetch(`${daemon.url}/v1/session`, { headers: { cookie } });
  expect(await session.json()).toMatchObject({ name: null, scope: "admin" });
  expect((await logIn(stdout.trim())).status).toBe(401);
});

test("a login survives a restart of the daemon, and a backup has none", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-"));
  const first = await startDaemon({ root });
  const response = await logIn((await loginLink(first.dataDir)).stdout.trim());
  const [, value = ""] = /=([^;]+)/.exec(response.headers.get("set-cookie") ?? "") ?? [];
  const ask = async ({ url }: Daemon) => {
    const cookie = `playground_session_${new URL(url).port}=${value}`;
    return (await fetch(`${url}/v1/session`, { headers: { cookie } })).status;
  };
  expect(await ask(first)).toBe(200);
  const file = join(root, "backup.db");
  await runCli(["backup", file, "--data-dir", first.dataDir]);
  await first.end("SIGKILL");
  const second = await startDaemon({ root });
  expect(await ask(second)).toBe(200);
  await second.end("SIGTERM");
  await runCli(["restore", file, "--force", "--data-dir", second.dataDir]);
  const third = await startDaemon({ root });
  expect(await ask(third)).toBe(401);
  await third.end("SIGTERM");
  await rm(root, { recursive: true });
});

test("the command prints a link to the address that it is given, whatever the daemon's public URL is", async () => {
  const inside = { PLAYGROUND_PUBLIC_URL: "http://playground:8787" };
  const other = await startDaemon({ env: inside });
  const { port } = new URL(other.url);
  const args = ["login-link", "--data-dir", other.dataDir];
  expect((await runCli(args, { env: inside })).stdout).toMatch(/^http:\/\/playground:8787\/#key=/);
  const address = `http://localhost:${port}`;
  const { stdout } = await runCli([...args, "--public-url", address], { env: inside });
  expect(stdout.startsWith(`${address}/#key=`)).toBe(true);
  expect((await logIn(stdout.trim())).status).toBe(200);
  await other.close();
});

test("a link is not printed to a log: output that is no terminal contains none", () => {
  expect(daemon.output()).toContain("listening on");
  expect(daemon.output()).not.toContain("key=");
});

test("without a running daemon the command says so", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-"));
  const { code, stdout, stderr } = await loginLink(root);
  expect([code, stdout]).toEqual([3, ""]);
  expect(stderr).toContain(`No daemon is running with the data folder ${root}.`);
  await rm(root, { recursive: true });
});

test("the key of another data folder logs in to no daemon", async () => {
  const other = await startDaemon();
  const { stdout } = await loginLink(other.dataDir);
  const link = stdout.trim().replace(other.url, daemon.url);
  expect((await logIn(link)).status).toBe(401);
  await other.close();
});

// The system's `script` runs a command in a terminal.
test.skipIf(!existsSync("/usr/bin/script"))("on a terminal the start prints a link", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-"));
  const child = spawn("/usr/bin/script", ["-qefc", `${process.execPath} ${BINARY}`, "/dev/null"], {
    cwd: root,
    env: { PATH: process.env["PATH"], PLAYGROUND_PORT: "0" },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await until("the link", () => /#key=\S+\s/.test(output));
  const [link = ""] = /http:\S+#key=\S+/.exec(output) ?? [];
  expect((await logIn(link)).status).toBe(200);
  // Ctrl-C in the terminal stops the daemon, and with it the terminal.
  child.stdin.write("\u0003");
  await exited;
  await rm(root, { recursive: true, force: true });
});
