/** Webhooks with client certificates, with a real daemon and a real endpoint that checks them. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../support/cli.ts";
import {
  clientCertificate,
  readPem,
  requireClientCertificate,
} from "../support/client-certificates.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const CA = fileURLToPath(new URL("../support/tls/self-signed-localhost.cert.pem", import.meta.url));
const ONE = clientCertificate("one");

async function startEndpoint() {
  const clients: string[] = [];
  const server = createServer(requireClientCertificate(), (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    clients.push(`${String(subject.CN)} at ${request.url}`);
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, clients };
}

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-certificates-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(root: string): Promise<Daemon> {
  const plugins = { echo: `(input) => input` };
  const daemon = await startDaemon({ root, plugins, env: { PLAYGROUND_CA_FILE: CA } });
  onTestFinished(() => daemon.close());
  return daemon;
}

async function runJob(daemon: Daemon, name = "job"): Promise<string> {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo"], name });
  return jobId as string;
}

const dataOf = (root: string): string => join(root, "data");
const command = async (...args: readonly string[]) => {
  const run = await runCli(args);
  expect(run).toMatchObject({ code: 0, stderr: "" });
};

test("a webhook's certificate opens its endpoint, also with another key and in another database", async () => {
  const { url, clients } = await startEndpoint();
  const [root, elsewhere] = [await openFolder(), await openFolder()];
  let daemon = await start(root);
  const given = { url, on: ["completed"], clientCertificate: ONE };
  const { id, clientCertificate: shown } = await daemon.post("/v1/webhooks", given);
  expect(shown.subject).toContain("client one");
  await runJob(daemon);
  await until("the event", () => clients.length === 1);
  await daemon.end("SIGTERM");

  await command("rotate-key", "--data-dir", dataOf(root));
  daemon = await start(root);
  await runJob(daemon);
  await until("the event", () => clients.length === 2);
  await daemon.end("SIGTERM");
  expect(daemon.output()).not.toContain("PRIVATE KEY");

  const file = join(root, "moved.export");
  await command("export", file, "--data-dir", dataOf(root));
  await mkdir(dataOf(elsewhere), { recursive: true });
  await copyFile(join(dataOf(root), "secret-key"), join(dataOf(elsewhere), "secret-key"));
  await command("import", file, "--data-dir", dataOf(elsewhere));
  daemon = await start(elsewhere);
  expect(await daemon.get(`/v1/webhooks/${id}`)).toMatchObject({ clientCertificate: shown });
  await runJob(daemon);
  await until("the event", () => clients.length === 3);
  expect(clients).toEqual(Array.from({ length: 3 }, () => "client one at /"));
});

test("an endpoint that requires a certificate refuses webhooks without one, and the attempt says why", async () => {
  const { url, clients } = await startEndpoint();
  const daemon = await start(await openFolder());
  const hook = (path: string) => ({ url: url + path, on: ["completed"], retries: 0 });
  const { id } = await daemon.post("/v1/webhooks", hook("/without"));
  await daemon.post("/v1/webhooks", { ...hook("/with"), clientCertificate: ONE });
  const jobId = await runJob(daemon);
  const refused = await until("the delivery to be given up", async () => {
    const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}&webhookId=${id}&state=dead`);
    return items[0] ?? null;
  });
  const { attempts } = await daemon.get(`/v1/deliveries/${refused.deliveryId}`);
  expect(attempts[0].error).toContain("the endpoint requires a client certificate");
  await until("the other event", () => clients.length === 1);
  expect(clients).toEqual(["client one at /with"]);
});

test("the command line registers a webhook with a certificate and shows it, but not its key", async () => {
  const root = await openFolder();
  const daemon = await start(root);
  const cli = (...args: readonly string[]) =>
    runCli(["webhooks", ...args], {
      env: { PLAYGROUND_URL: daemon.url, PLAYGROUND_TOKEN: daemon.token },
    });
  const [cert, key, other] = ["cert", "key", "other"].map((name) => join(root, `${name}.pem`)) as [
    string,
    string,
    string,
  ];
  await writeFile(cert, ONE.cert);
  await writeFile(key, ONE.key);
  await writeFile(other, readPem("client-two.key"));
  const add = (...flags: readonly string[]) => cli("add", "https://localhost:9/", ...flags);
  const added = await add("--client-cert-file", cert, "--client-key-file", key);
  expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/^whsec_/) });
  const [{ id }] = (await daemon.get("/v1/webhooks")).items;
  const shown = await cli("show", id);
  expect(shown.stdout).toMatch(/^Client certificate +O=Playground tests, CN=client one$/m);
  expect(shown.stdout).toMatch(/^Certificate expires +in \d+ d$/m);
  expect(shown.stdout).not.toContain("BEGIN");
  for (const [flags, message] of [
    [["--client-cert-file", cert], "go together: give both"],
    [["--client-cert-file", key, "--client-key-file", key], "it must be certificates in PEM."],
    [["--client-cert-file", cert, "--client-key-file", cert], "it must be a private key in PEM"],
    [["--client-cert-file", cert, "--client-key-file", other], "must be the key of the first"],
  ] as const) {
    const { code, stderr } = await add(...flags);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  }
});
