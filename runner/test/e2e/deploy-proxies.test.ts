/** The proxies' files of docs/deploy, each with its program, where that is installed. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, fetch, type RequestInit } from "undici";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { readFrames } from "../support/event-stream.ts";
import { isInstalled } from "../support/is-installed.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";

const DEPLOY = fileURLToPath(new URL("../../../docs/deploy/", import.meta.url));
const TLS = fileURLToPath(new URL("../support/tls/self-signed-localhost", import.meta.url));

const MIB = 1024 * 1024;
/** Above PLAYGROUND_BODY_LIMIT. */
const MAX_FILE_BYTES = 24 * MIB;

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    env: { PLAYGROUND_FILE_LIMIT: String(MAX_FILE_BYTES) },
    plugins: {
      size: `(input) => input.length`,
      // A stream that is opened late gets a later progress.
      endless: `async (input, ctx) => {
        for (let n = 1; ; n += 1) {
          ctx.progress(n / 100_000);
          await sleep(50, null, { signal: ctx.signal });
        }
      }`,
    },
  });
});
afterAll(() => daemon.close());

interface Proxy {
  readonly file: string;
  /** Changes the file to the names and ports of the test, and returns the command to run. */
  readonly prepare: (
    text: string,
    site: Site,
  ) => { readonly config: string; readonly args: readonly string[] };
}

interface Site {
  readonly folder: string;
  readonly port: number;
  readonly daemon: string;
}

const PROXIES: Readonly<Record<string, Proxy>> = {
  nginx: {
    file: "proxy/nginx.conf",
    prepare: (text, { folder, port, daemon: target }) => ({
      config: `daemon off; user root; pid ${folder}/pid; error_log stderr; events {}
        http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
        fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
        ${text
          .replace("443", `127.0.0.1:${port}`)
          .replace("jobs.example.com;", "localhost;")
          .replace("/etc/ssl/jobs.example.com.pem", `${TLS}.cert.pem`)
          .replace("/etc/ssl/jobs.example.com.key", `${TLS}.key.pem`)
          .replaceAll("127.0.0.1:8787", target)} }`,
      args: ["-c", join(folder, "config")],
    }),
  },
  caddy: {
    file: "proxy/Caddyfile",
    prepare: (text, { folder, port, daemon: target }) => ({
      config: `{
        admin off
        auto_https disable_redirects
        default_bind 127.0.0.1
      }
      ${text
        .replace(
          "jobs.example.com {",
          `https://localhost:${port} {\n\ttls ${TLS}.cert.pem ${TLS}.key.pem`,
        )
        .replace("127.0.0.1:8787", target)}`,
      args: ["run", "--adapter", "caddyfile", "--config", join(folder, "config")],
    }),
  },
};

/** Starts the proxy before the daemon. Returns a fetch of the daemon's paths through it. */
async function startProxy(command: string, { file, prepare }: Proxy) {
  const folder = await mkdtemp(join(tmpdir(), "playground-proxy-"));
  const port = await freePort();
  const text = await readFile(join(DEPLOY, file), "utf8");
  const { config, args } = prepare(text, { folder, port, daemon: new URL(daemon.url).host });
  await writeFile(join(folder, "config"), config);
  const child = spawn(command, args, { env: { PATH: process.env["PATH"], HOME: folder } });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const ca = await readFile(`${TLS}.cert.pem`, "utf8");
  const dispatcher = new Agent({ connect: { ca } });
  onTestFinished(async () => {
    // Caddy waits without a limit for connections that are open.
    await dispatcher.destroy();
    child.kill();
    await ended;
    await rm(folder, { recursive: true });
  });
  const through = (
    path: string,
    { headers, ...init }: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {},
  ) =>
    fetch(`https://localhost:${port}${path}`, {
      dispatcher,
      ...init,
      headers: {
        authorization: `Bearer ${daemon.token}`,
        "content-type": "application/json",
        ...headers,
      },
    });
  await until("the proxy answers", async () => {
    if (child.exitCode !== null) throw new Error(`${command} ended:\n${output}`);
    return (await through("/readyz").catch(() => null))?.ok;
  });
  return through;
}

describe.each(Object.entries(PROXIES).filter(([command]) => isInstalled(command)))(
  "%s",
  (command, proxy) => {
    test("passes a large body, and an event as it happens", async () => {
      const through = await startProxy(command, proxy);
      const large = await through("/v1/jobs", {
        method: "POST",
        headers: { prefer: "wait=30" },
        body: JSON.stringify({ plugins: ["size"], input: "x".repeat(15 * 1024 * 1024) }),
      });
      expect(large.status).toBe(200);

      const { jobId } = await daemon.post("/v1/jobs", { plugins: ["endless"], input: 1 });
      const stream = await through(`/v1/jobs/${jobId}/events`, {
        headers: { accept: "text/event-stream" },
      });
      const frames = readFrames(stream);
      const kinds: string[] = [];
      for await (const { event } of frames) {
        if (kinds.includes(event)) continue;
        kinds.push(event);
        if (event === "step-progress") await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
      }
      expect(kinds).toEqual(["started", "step-progress", "failed"]);
    });

    test("passes the upload of a file, as it arrives", async () => {
      const through = await startProxy(command, proxy);
      const content = randomBytes(20 * MIB);
      const stored = await through("/v1/files?name=large", { method: "PUT", body: content });
      expect(await stored.json()).toMatchObject({
        size: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
      });

      // The daemon refuses more than its limit at once. A proxy that collects uploads would wait.
      const answered = Promise.withResolvers<void>();
      const refused = await through("/v1/files", {
        method: "PUT",
        duplex: "half",
        body: (async function* tooLarge() {
          for (let sent = 0; sent <= MAX_FILE_BYTES; sent += MIB) yield Buffer.alloc(MIB);
          await answered.promise;
        })(),
      });
      expect(await refused.json()).toMatchObject({ code: "FILE_TOO_LARGE" });
      answered.resolve();
    });
  },
);
