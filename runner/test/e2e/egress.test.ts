/** The settings about outgoing connections, with a real daemon, a real proxy and real endpoints. */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { startForwardProxy, type ForwardProxy } from "../support/forward-proxy.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

function fixture(part: "key" | "cert"): string {
  return fileURLToPath(
    new URL(`../support/tls/self-signed-localhost.${part}.pem`, import.meta.url),
  );
}

let proxy: ForwardProxy;
let daemon: Daemon;

beforeAll(async () => {
  proxy = await startForwardProxy();
  daemon = await startDaemon({
    plugins: {
      echo: `(input) => input`,
      fetches: `async ({ url }, ctx) => (await ctx.fetch(url)).text()`,
    },
    env: {
      PLAYGROUND_PROXY: `http://user:hunter2@localhost:${proxy.port}`,
      PLAYGROUND_NO_PROXY: "127.0.0.1",
      PLAYGROUND_FETCH_EGRESS: "public",
      PLAYGROUND_CA_FILE: fixture("cert"),
      PLAYGROUND_CLIENT_CERT_FILE: fixture("cert"),
      PLAYGROUND_CLIENT_KEY_FILE: fixture("key"),
    },
  });
});

afterAll(async () => {
  await daemon.close();
  await proxy.close();
});

async function deliver(url: string) {
  const webhook = { url, on: ["completed"], retries: 0 };
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo"], webhook });
  return until("the delivery to end", async () => {
    const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}`);
    return items[0]?.endedAt ? items[0] : null;
  });
}

test("a webhook goes through the proxy, and hosts in NO_PROXY are reached without it", async () => {
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const { port } = new URL(receiver.url);
  const before = proxy.seen.length;
  expect(await deliver(`http://n8n.localhost:${port}/hook`)).toMatchObject({ state: "delivered" });
  const basic = Buffer.from("user:hunter2").toString("base64");
  expect(proxy.seen.slice(before)).toEqual([
    `POST http://n8n.localhost:${port}/hook Basic ${basic}`,
  ]);
  expect(await deliver(receiver.url)).toMatchObject({ state: "delivered" });
  expect(proxy.seen).toHaveLength(before + 1);
  expect(receiver.received.map(({ path }) => path)).toHaveLength(2);
  expect(daemon.output()).not.toContain("hunter2");
});

test("an endpoint with an own authority gets the client certificate, through the proxy's tunnel", async () => {
  const names: unknown[] = [];
  const cert = readFileSync(fixture("cert"));
  const options = { key: readFileSync(fixture("key")), cert, ca: cert, requestCert: true };
  const server = createServer(options, (request, response) => {
    names.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const delivery = await deliver(`https://localhost:${port}/`);
  expect(delivery).toMatchObject({ state: "delivered" });
  expect(names).toEqual(["localhost"]);
  expect(proxy.seen.at(-1)).toContain(`CONNECT localhost:${port}`);
});

test("ctx.fetch has its own policy", async () => {
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["fetches"],
    input: { url: receiver.url },
  });
  const job = await until("the job to end", async () => {
    const found = await daemon.get(`/v1/jobs/${jobId}`);
    return found.status === "failed" ? found : null;
  });
  expect(job.error).toContain("the egress policy is public");
  expect(await deliver(receiver.url)).toMatchObject({ state: "delivered" });
});
