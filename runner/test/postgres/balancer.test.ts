/** docs/deploy/proxy/haproxy.cfg in front of two daemons on one PostgreSQL, where HAProxy is installed. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { freePort } from "../support/free-port.ts";
import { isInstalled } from "../support/is-installed.ts";
import { shareDatabase, urlOf } from "../support/postgres/daemons.ts";
import { createSchema } from "../support/postgres/schema.ts";
import { until } from "../support/until.ts";

const HAPROXY = "haproxy";
const CONFIG = new URL("../../../docs/deploy/proxy/haproxy.cfg", import.meta.url);

const cleanUps: (() => Promise<unknown>)[] = [];
let url: string;
let daemons: readonly Daemon[];

/** Starts HAProxy with the daemons' addresses in place of their names. */
async function startBalancer(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-haproxy-"));
  const port = await freePort();
  const text = daemons.reduce(
    (config, daemon, index) =>
      config.replace(`playground-${index + 1}:8787`, new URL(daemon.url).host),
    (await readFile(CONFIG, "utf8")).replace("bind :8787", `bind 127.0.0.1:${port}`),
  );
  await writeFile(join(folder, "haproxy.cfg"), text);
  const child = spawn(HAPROXY, ["-db", "-f", join(folder, "haproxy.cfg")]);
  const ended = new Promise((resolve) => child.once("close", resolve));
  cleanUps.push(async () => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true });
  });
  return `http://127.0.0.1:${port}`;
}

function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("cookie")) headers.set("authorization", `Bearer ${daemons[0]?.token}`);
  return fetch(url + path, { ...init, headers });
}

async function submit(input: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ plugins: ["where"], input }),
  });
}

describe.skipIf(!isInstalled(HAPROXY))("two daemons behind HAProxy", () => {
  beforeEach(async () => {
    const schema = await createSchema();
    cleanUps.push(() => schema.release());
    const shared = await shareDatabase(urlOf(schema), {
      plugins: { where: `() => ({ daemon: process.ppid })` },
    });
    cleanUps.push(() => shared.close());
    daemons = [await shared.start(), await shared.start()];
    url = await startBalancer();
    await until("both are found", async () => (await request("/readyz").catch(() => null))?.ok);
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  test("any of them accepts a job, answers for it and stores a file", async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const response = await submit(n, { prefer: "wait=30" });
        expect(response.status).toBe(200);
        return ((await response.json()) as { jobId: string }).jobId;
      }),
    );
    for (const id of ids) expect((await request(`/v1/jobs/${id}`)).status).toBe(200);
    const content = randomBytes(20 * 1024 * 1024);
    const stored = await request("/v1/files", { method: "PUT", body: content });
    expect(await stored.json()).toMatchObject({ size: content.length });
  });

  test("a browser that is logged in is so at both daemons", async () => {
    const login = await request("/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: daemons[0]?.token }),
    });
    expect(login.status).toBe(200);
    const [cookie = ""] = login.headers.getSetCookie().map((each) => each.split(";")[0]);
    const seen = await Promise.all(
      Array.from({ length: 10 }, () => request("/v1/session", { headers: { cookie } })),
    );
    expect(seen.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });

  test("requests go to the other daemon when one ends", async () => {
    await daemons[1]?.end("SIGKILL");
    for (const n of Array(10).keys()) {
      const response = await submit(n, { prefer: "wait=30", "idempotency-key": `job-${n}` });
      expect(response.status).toBe(200);
    }
  });
});
