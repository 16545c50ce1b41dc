/** The daemon as a process: start, refused start and stop. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { BINARY, runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "playground-process-"))));
afterEach(() => rm(root, { recursive: true, force: true }));

async function open(options: Parameters<typeof startDaemon>[0] = {}): Promise<Daemon> {
  const daemon = await startDaemon({ root, ...options });
  onTestFinished(() => daemon.close());
  return daemon;
}

/** Starts a daemon that must fail to start, in this test's folders. */
function refuse(settings: Record<string, string>) {
  return runCli([], {
    cwd: root,
    env: {
      PLAYGROUND_PORT: "0",
      PLAYGROUND_DATA_DIR: join(root, "data"),
      PLAYGROUND_TOKEN: "test-token-0123456789",
      ...settings,
    },
  });
}

describe("a start", () => {
  test("prints the address it listens on in one line, and is ready by then", async () => {
    const daemon = await open();
    const lines = daemon.output().split("\n");
    expect(lines.filter((line) => /listening/i.test(line))).toEqual([
      expect.stringMatching(/^Playground \S+ listening on http:\/\/127\.0\.0\.1:\d+$/),
    ]);
    expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
  });

  test("warns in one line when other machines can reach it without TLS, and not on loopback", async () => {
    const exposed = await open({ env: { PLAYGROUND_HOST: "0.0.0.0" } });
    expect(exposed.output().match(/^Warning: PLAYGROUND_HOST is 0\.0\.0\.0: .*$/gm)).toHaveLength(
      1,
    );
    await exposed.end("SIGTERM");
    expect((await open()).output()).not.toContain("Warning: PLAYGROUND_HOST");
  });

  test("warns of variables that are not settings, and of a plugins folder that does not exist", async () => {
    const pluginsDir = join(root, "nowhere");
    const daemon = await open({ pluginsDir, env: { PLAYGROUND_PROT: "9999" } });
    expect(daemon.output().match(/^Warning: .*$/gm)).toEqual([
      "Warning: PLAYGROUND_PROT is not a setting. Did you mean PLAYGROUND_PORT?",
      `Warning: PLAYGROUND_PLUGINS_DIR is "${pluginsDir}", but this folder does not exist. The daemon loads its plugins as soon as you create it.`,
    ]);
  });

  test("without the key of the database is refused, and creates no new key", async () => {
    const first = await open();
    await first.end("SIGTERM");
    const key = join(first.dataDir, "secret-key");
    await rm(key);
    const { code, stderr } = await refuse({ PLAYGROUND_LOG_LEVEL: "error" });
    expect(stderr).toMatch(/^\S+secret-key is missing, but .* Restore the file, .*\n$/);
    expect(code).toBe(1);
    expect(existsSync(key)).toBe(false);
  });

  test.each([
    ["false", true],
    ["true", false],
  ])(
    "with PLAYGROUND_SECURE_DELETE=%s, a deleted webhook stays in the file: %s",
    async (set, stays) => {
      const daemon = await open({ env: { PLAYGROUND_SECURE_DELETE: set } });
      const url = "http://127.0.0.1:9/deleted-secret";
      const { id } = await daemon.post("/v1/webhooks", { url });
      await daemon.post("/v1/webhooks", { url: "http://127.0.0.1:9/other" });
      expect((await daemon.request(`/v1/webhooks/${id}`, { method: "DELETE" })).status).toBe(204);
      await daemon.end("SIGTERM");
      const file = await readFile(join(daemon.dataDir, "playground.db"));
      expect([file.includes("9/other"), file.includes("deleted-secret")]).toEqual([true, stays]);
    },
  );

  test("creates a token that only its user can read, in a folder that only its user can read", async () => {
    const first = await open({ env: { PLAYGROUND_TOKEN: "" } });
    const path = join(first.dataDir, "token");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(first.dataDir)).mode & 0o777).toBe(0o700);
    const token = (await readFile(path, "utf8")).trim();
    expect(first.output()).toContain(token);
    const headers = { authorization: `Bearer ${token}` };
    expect((await first.request("/v1/jobs", { headers })).status).toBe(200);
    expect((await first.request("/v1/jobs")).status).toBe(401);
    await first.end("SIGTERM");
    const second = await open({ env: { PLAYGROUND_TOKEN: "" } });
    expect(second.output()).not.toContain(token);
    expect((await second.request("/v1/jobs", { headers })).status).toBe(200);
  });

  test("with bad settings names each setting, its value and what would be right, in one line each", async () => {
    const { code, stdout, stderr } = await refuse({
      PLAYGROUND_PORT: "99999",
      PLAYGROUND_THREADS: "many",
      PLAYGROUND_LOG_LEVEL: "loud",
      PLAYGROUND_PUBLIC_URL: "ftp://x",
      PLAYGROUND_GRACE_MS: "-1",
      PLAYGROUND_TOKEN: "short",
    });
    expect(stderr.trim().split("\n").toSorted()).toEqual([
      'PLAYGROUND_GRACE_MS is "-1": it must be at least 0.',
      'PLAYGROUND_LOG_LEVEL is "loud": it must be one of silent, error, warn, info, debug, trace.',
      'PLAYGROUND_PORT is "99999": it must be at most 65535.',
      'PLAYGROUND_PUBLIC_URL is "ftp://x": it must be an http or https URL, such as https://jobs.example.com.',
      'PLAYGROUND_THREADS is "many": it must be a whole number from 1 to 256.',
      "PLAYGROUND_TOKEN is (not shown): it must be at least 16 characters long, or left out to generate one.",
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("on a port in use is refused in one line that names the port", async () => {
    const receiver = await createReceiver();
    onTestFinished(() => receiver.close());
    const { port } = new URL(receiver.url);
    const { code, stderr } = await refuse({ PLAYGROUND_PORT: port, PLAYGROUND_LOG_LEVEL: "error" });
    expect(stderr).toMatch(new RegExp(`^PLAYGROUND_PORT is "${port}": .*EADDRINUSE.*\\n$`));
    expect(code).toBe(1);
  });

  test("on a host that is not this machine's is refused in one line that names the host", async () => {
    const { code, stderr } = await refuse({
      // RFC 5737 reserves this address for documentation.
      PLAYGROUND_HOST: "203.0.113.7",
      PLAYGROUND_LOG_LEVEL: "error",
    });
    expect(stderr).toMatch(/^PLAYGROUND_HOST is "203\.0\.113\.7": .*\n$/);
    expect(code).toBe(1);
  });

  test("of a second daemon on the same data is refused, and does not disturb the first", async () => {
    const first = await open();
    const { code, stderr } = await refuse({});
    expect(stderr).toMatch(/^The database .* is in use by another daemon\. .*\n$/);
    expect(code).toBe(1);
    expect((await first.request("/readyz")).status).toBe(200);
  });

  test("with a file as PLAYGROUND_PLUGINS_DIR is refused in one line", async () => {
    const file = join(root, "plugins.ts");
    await writeFile(file, "");
    const { code, stderr } = await refuse({ PLAYGROUND_PLUGINS_DIR: file });
    expect(stderr).toMatch(/^PLAYGROUND_PLUGINS_DIR is ".*": it must be a folder .*\n$/);
    expect(code).toBe(1);
  });

  test("with a data folder that is not a folder is refused in one line that names it", async () => {
    const file = join(root, "a-file");
    await writeFile(file, "");
    for (const dataDir of [file, join(file, "below")]) {
      const { code, stderr } = await refuse({ PLAYGROUND_DATA_DIR: dataDir });
      expect(stderr).toMatch(/^PLAYGROUND_DATA_DIR is ".*": it must be a folder .*\n$/);
      expect(stderr).toContain(dataDir);
      expect(code).toBe(1);
    }
  });

  test("with a file of tokens that cannot be read is refused in one line that names it", async () => {
    await mkdir(join(root, "data"));
    await writeFile(join(root, "data", "tokens.json"), "none");
    const { code, stderr } = await refuse({});
    expect(stderr).toMatch(/^\S+tokens\.json cannot be read: .*\n$/);
    expect(code).toBe(1);
  });

  test("with a file that is not a database is refused in one line that names it", async () => {
    await mkdir(join(root, "data"));
    await writeFile(join(root, "data", "playground.db"), "no database".repeat(1_000));
    const { code, stderr } = await refuse({});
    expect(stderr).toMatch(/^The database .*playground\.db cannot be opened: .*\n$/);
    expect(code).toBe(1);
  });
});

const HOLD = `async (_, { signal, job }) => {
  appendFileSync(job.input.ledger, "begun\\n");
  while (!existsSync(job.input.go)) {
    if (signal.aborted) throw signal.reason;
    await sleep(5);
  }
  return "done";
}`;

describe("SIGTERM", () => {
  const readLedger = () => readFile(join(root, "ledger"), "utf8").catch(() => "");

  async function submitHeld(daemon: Daemon, url: string): Promise<string> {
    const input = { ledger: join(root, "ledger"), go: join(root, "go") };
    const webhook = { url };
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["hold", "hold"], input, webhook });
    await until("the step to run", async () => (await readLedger()) !== "");
    return jobId;
  }

  test("is what SIGHUP, which a closed terminal sends, counts as", async () => {
    const daemon = await open({ plugins: { hold: HOLD }, env: { PLAYGROUND_GRACE_MS: "100" } });
    const receiver = await createReceiver();
    onTestFinished(() => receiver.close());
    await submitHeld(daemon, receiver.url);
    expect(await daemon.end("SIGHUP")).toBe(0);
    expect(daemon.output()).toContain("SIGHUP: stopping.");
  });

  test("in the middle of a job exits with 0, and the job completes after the restart", async () => {
    const receiver = await createReceiver();
    onTestFinished(() => receiver.close());
    const options = { plugins: { hold: HOLD }, env: { PLAYGROUND_GRACE_MS: "100" } };
    const first = await open(options);
    const jobId = await submitHeld(first, receiver.url);
    expect(await first.end("SIGTERM")).toBe(0);
    const second = await open(options);
    await until("the step to run again", async () => (await readLedger()) === "begun\nbegun\n");
    expect((await second.get(`/v1/jobs/${jobId}`)).status).toBe("running");
    await writeFile(join(root, "go"), "");
    await receiver.untilReceived(4);
    expect(receiver.received.map(({ event }) => [event.sequence, event.status])).toEqual([
      [1, "started"],
      [2, "progress"],
      [3, "progress"],
      [4, "completed"],
    ]);
    expect((await second.get(`/v1/jobs/${jobId}`)).status).toBe("completed");
  });

  test("lets a running step end within the grace period", async () => {
    const first = await open({ plugins: { hold: HOLD }, env: { PLAYGROUND_GRACE_MS: "20000" } });
    const jobId = await submitHeld(first, "http://127.0.0.1:9/");
    const ended = first.end("SIGTERM");
    await until("the stop to begin", () => first.output().includes("SIGTERM: stopping"));
    expect((await fetch(`${first.url}/readyz`)).status).toBe(503);
    await expect(first.post("/v1/jobs", { plugins: ["hold"] })).rejects.toThrow("STOPPING");
    await writeFile(join(root, "go"), "");
    expect(await ended).toBe(0);
    const second = await open();
    const job = await until("the job to end", async () => {
      const found = await second.get(`/v1/jobs/${jobId}`);
      return found.status === "completed" ? found : null;
    });
    expect(job.steps[0]).toMatchObject({ status: "completed", output: "done" });
    // The first step ran in the first daemon, and the second step in the next one.
    expect(await readLedger()).toBe("begun\nbegun\n");
  });

  test("lets an attempt in flight end, and a delivery that does not end is sent again", async () => {
    const pending: ServerResponse[] = [];
    const receiver = await createReceiver(({ path }, response) => {
      if (path === "/slow" || pending.length < 2) pending.push(response);
      else response.end();
    });
    onTestFinished(() => receiver.close());
    const options = { plugins: { echo: "(input) => input" }, env: { PLAYGROUND_GRACE_MS: "1500" } };
    const first = await open(options);
    const submit = async (path: string): Promise<string> => {
      const webhook = { url: receiver.url + path, on: ["completed"] };
      return (await first.post("/v1/jobs", { plugins: ["echo"], webhook })).jobId;
    };
    const quick = await submit("/quick");
    const slow = await submit("/slow");
    await receiver.untilReceived(2);
    const ended = first.end("SIGTERM");
    await until("the stop to begin", () => first.output().includes("SIGTERM: stopping"));
    const quickAt = receiver.received.findIndex(({ path }) => path === "/quick");
    pending[quickAt]?.end();
    expect(await ended).toBe(0);

    const second = await open(options);
    const again = await receiver.untilReceived(2, ({ path }) => path === "/slow");
    pending.at(-1)?.end();
    expect(new Set(again.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    for (const [jobId, requests] of [
      [quick, 1],
      [slow, 2],
    ] as const) {
      const delivery = await until("the delivery to succeed", async () => {
        const { items } = await second.get(`/v1/deliveries?jobId=${jobId}`);
        return items[0].state === "delivered" ? items[0] : null;
      });
      // A request that the stop interrupted does not count as an attempt.
      expect(delivery.attemptCount).toBe(1);
      expect(receiver.received.filter(({ event }) => event.jobId === jobId)).toHaveLength(requests);
    }
  });

  test("a second time exits immediately with 1", async () => {
    const daemon = await open({ plugins: { hold: HOLD }, env: { PLAYGROUND_GRACE_MS: "600000" } });
    await submitHeld(daemon, "http://127.0.0.1:9/");
    const ended = daemon.end("SIGTERM");
    await until("the stop to begin", () => daemon.output().includes("SIGTERM: stopping"));
    daemon.process.kill("SIGTERM");
    expect(await ended).toBe(1);
  });

  test("during a start that hangs exits with 0", async () => {
    await mkdir(join(root, "plugins"));
    const begun = join(root, "begun");
    const mark = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(begun)}, "");`;
    await writeFile(join(root, "plugins", "hangs.ts"), `${mark} for (;;);`);
    const child = spawn(process.execPath, [BINARY], {
      cwd: root,
      env: { PATH: process.env["PATH"], PLAYGROUND_PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const output = text(child.stdout);
    const exited = once(child, "exit");
    await until("the plugin to be read", () => existsSync(begun));
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    expect(await output).not.toContain("listening");
  });

  test("to an idle daemon exits with 0, even with open connections and streams", async () => {
    const daemon = await open({ plugins: { hold: HOLD } });
    const runAt = "2999-01-01T00:00:00.000Z";
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["hold"], runAt });
    const stream = await daemon.request(`/v1/jobs/${jobId}/events`, {
      headers: { accept: "text/event-stream" },
    });
    const waiting = daemon.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", prefer: "wait=60" },
      body: JSON.stringify({ plugins: ["hold"], runAt }),
    });
    // A stop can refuse a connection that is not accepted yet, so wait for this one.
    await until("the waiting job", async () => (await daemon.get("/v1/jobs")).items.length === 2);
    const [code, streamed, answer] = await Promise.all([
      daemon.end("SIGTERM"),
      stream.text(),
      waiting,
    ]);
    expect(code).toBe(0);
    expect(streamed).toContain("retry:");
    expect(await answer.json()).toMatchObject({ status: "queued" });
  });
});
