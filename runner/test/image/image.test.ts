/** The image of the Dockerfile, built and run for real. `npm run test:image` says what it needs. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, test } from "vitest";
import { createReceiver } from "../support/receiver.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";
import { provideBaseImages } from "./base-images.ts";
import { build, missingPart, podman, remove, start, type Container } from "./podman.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const IMAGE = "localhost/playground:test";
const TOKEN = "token-of-the-image-test";
const TOKEN_HEADER = { authorization: `Bearer ${TOKEN}` };

/** What the guide recommends: little memory, nothing writable but the volume, no capability. */
const STRICT = [
  "--memory=256m",
  "--read-only",
  "--tmpfs=/tmp",
  "--cap-drop=all",
  "--security-opt=no-new-privileges",
  `--env=PLAYGROUND_TOKEN=${TOKEN}`,
];

const missing = await missingPart();
if (missing !== null)
  console.log(`The image is not tested: this machine does not have ${missing}.`);
const inPodman = test.skipIf(missing !== null);

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

beforeAll(async () => {
  if (missing !== null) return;
  await provideBaseImages(join(ROOT, "Dockerfile"));
  await build(ROOT, IMAGE);
}, 600_000);

async function run(options: readonly string[], command: readonly string[] = []) {
  const container = await start(IMAGE, options, command);
  cleanUps.push(() => remove(container));
  return container;
}

async function runDaemon(options: readonly string[] = []) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const container = await run([...STRICT, `--env=PLAYGROUND_PORT=${port}`, ...options]);
  await untilReady(url);
  return { container, url };
}

async function untilReady(url: string): Promise<void> {
  await until("the daemon is ready", async () => {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    return response?.ok;
  });
}

async function submit(url: string, job: unknown): Promise<string> {
  const response = await fetch(`${url}/v1/jobs`, {
    method: "POST",
    headers: { ...TOKEN_HEADER, "content-type": "application/json" },
    body: JSON.stringify(job),
  });
  expect(response.status, await response.clone().text()).toBe(202);
  const { jobId } = (await response.json()) as { jobId: string };
  return jobId;
}

async function receiver() {
  const created = await createReceiver();
  cleanUps.push(() => created.close());
  return created;
}

/** The resident memory of everything in the container, in MiB. */
async function memoryMb(container: Container): Promise<number> {
  const script =
    "const fs=require('fs');let kb=0;for(const pid of fs.readdirSync('/proc').filter(Number)){kb+=Number(/^Pss: +(\\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`,'utf8'))?.[1]??0)}console.log(kb/1024)";
  return Number(await container.exec("node", "-e", script));
}

inPodman("the image has at most 250 MB, its own user, one volume and no shell", async () => {
  const [info] = JSON.parse(await podman("image", "inspect", IMAGE)) as [
    { Size: number; Config: { User: string; Volumes: Record<string, unknown> } },
  ];
  console.log(`The image has ${Math.round(info.Size / 1e6)} MB.`);
  expect(info.Size).toBeLessThanOrEqual(250e6);
  expect(info.Config.User).toBe("1000:1000");
  expect(Object.keys(info.Config.Volumes)).toEqual(["/data"]);
  const shell = await podman("run", "--rm", "--network=host", "--entrypoint=/bin/sh", IMAGE).then(
    () => "it has a shell",
    (error: Error) => error.message,
  );
  expect(shell).toMatch(/no such file|not found/i);
});

inPodman(
  "jobs run in 256 MB with a read-only root and without a capability",
  async () => {
    const { container, url } = await runDaemon();
    const endpoint = await receiver();
    const idle = await memoryMb(container);
    const picture = await readFile(
      new URL("../../../node_modules/vega-datasets/data/7zip.png", import.meta.url),
    );
    const webhook = { url: endpoint.url, on: ["completed", "failed"] };
    await submit(url, {
      plugins: [{ name: "image-resize", options: { width: 16, format: "webp" } }],
      input: { base64: picture.toString("base64") },
      webhook,
    });
    await submit(url, { plugins: ["text-chunk"], input: { text: "One. Two. Three." }, webhook });
    await submit(url, { plugins: ["xml-to-json"], input: { text: "<a><b>1</b></a>" }, webhook });
    const received = await endpoint.untilReceived(3);
    expect(received.map(({ event }) => event.status)).toEqual(Array(3).fill("completed"));
    const [user] = (await container.exec("node", "-p", "process.getuid()")).split("\n");
    expect(user).toBe("1000");
    console.log(`Memory: ${idle.toFixed(0)} MiB before the first job.`);
    // The image leaves out files of packages that nothing needs.
    expect(await container.logs()).not.toContain("plugin.unavailable");
  },
  120_000,
);

inPodman("it writes nothing outside the volume and /tmp", async () => {
  const { container, url } = await runDaemon(["--read-only=false"]);
  const endpoint = await receiver();
  await submit(url, {
    plugins: ["json-query"],
    input: { data: [1, 2], expression: "$sum($)" },
    webhook: { url: endpoint.url, on: ["completed"] },
  });
  await endpoint.untilReceived(1);
  const changes = (await podman("diff", container.name)).split("\n");
  const written = changes
    .map((line) => line.slice(2))
    .filter((path) => !/^\/(data|tmp|dev|proc|sys|run|etc)(\/|$)/.test(path));
  expect(written).toEqual([]);
});

inPodman("the health check passes, and fails when the daemon does not answer", async () => {
  const { container } = await runDaemon();
  const [info] = JSON.parse(await podman("image", "inspect", IMAGE)) as [
    { Healthcheck?: { Test: string[] }; Config: { Healthcheck?: { Test: string[] } } },
  ];
  const [, ...check] = (info.Healthcheck ?? info.Config.Healthcheck)?.Test ?? [];
  await expect(container.exec(...check)).resolves.toBe("");
  const wrongPort = ["--env", "PLAYGROUND_PORT=1", container.name, ...check];
  await expect(podman("exec", ...wrongPort)).rejects.toThrow();
});

inPodman("SIGTERM ends it cleanly", async () => {
  const { container } = await runDaemon();
  expect(await container.stop()).toBe(0);
  expect(await container.logs()).not.toMatch(/"level":(50|60)/);
});

inPodman(
  "a job outlives a kill of the container, in its volume",
  async () => {
    const volume = `playground-test-${process.pid}`;
    await podman("volume", "create", volume);
    cleanUps.push(() => podman("volume", "rm", volume));
    const endpoint = await receiver();
    const first = await runDaemon([`--volume=${volume}:/data`]);
    const runAt = new Date(Date.now() + 3_000).toISOString();
    const jobId = await submit(first.url, {
      plugins: ["json-query"],
      input: { data: [1, 2], expression: "$sum($)" },
      runAt,
      webhook: { url: endpoint.url, on: ["completed"] },
    });
    await first.container.kill();
    await runDaemon([`--volume=${volume}:/data`]);
    const [received] = await endpoint.untilReceived(1);
    expect(received?.event).toMatchObject({ jobId, status: "completed" });
  },
  120_000,
);

inPodman(
  "with a folder that its user cannot write it says how to give it to that user",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "playground-image-"));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const container = await run([...STRICT, "--user=1234:1234", `--volume=${folder}:/data`]);
    expect(await container.exitCode()).toBe(1);
    expect(await container.logs()).toContain("chown 1234:1234");
  },
);

inPodman(
  "a volume for the contents of files, which daemons share, belongs to its user",
  async () => {
    const volume = `playground-test-files-${process.pid}`;
    await podman("volume", "create", volume);
    cleanUps.push(() => podman("volume", "rm", volume));
    const { url } = await runDaemon([`--volume=${volume}:/data/artifacts`]);
    const response = await fetch(`${url}/v1/files`, {
      method: "PUT",
      headers: TOKEN_HEADER,
      body: "content",
    });
    expect(response.status).toBe(201);
  },
);

inPodman("commands run as arguments and in a running container", async () => {
  const { container } = await runDaemon();
  expect(await container.exec("playground-runner", "--version")).toMatch(/^\d+\.\d+\.\d+$/);
  const other = await run([...STRICT], ["plugins"]);
  expect(await other.exitCode()).toBe(0);
  expect(await other.logs()).toContain("csv-profile");
});
