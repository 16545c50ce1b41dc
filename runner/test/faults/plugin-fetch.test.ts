/** ctx.fetch reaches only addresses that the egress policy allows. */
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseEgressPolicy } from "../../src/egress/policy.ts";
import type { LivePluginCatalog } from "../../src/pool/catalog/plugin-catalog.ts";
import { startForwardProxy } from "../support/forward-proxy.ts";
import { openFixtures, openThreads, type PluginThreads } from "../support/plugin-threads.ts";

let catalog: LivePluginCatalog;
const open: Record<"private" | "public", PluginThreads | null> = { private: null, public: null };
const closers: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  catalog = openFixtures();
  for (const mode of ["private", "public"] as const) {
    open[mode] = openThreads({ catalog, egress: { policy: parseEgressPolicy(mode) } });
  }
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(async () => {
  for (const threads of Object.values(open)) await threads?.[Symbol.asyncDispose]();
  await catalog.close();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function run(mode: "private" | "public", plugin: string, input: object) {
  const threads = open[mode];
  if (threads === null) throw new Error(`No threads are open for ${mode}.`);
  return threads.run(plugin, { input });
}

function refused(text: string): object {
  return { ok: false, failure: { code: "PLUGIN_THREW", message: expect.stringContaining(text) } };
}

test.each([
  "http://169.254.169.254/latest/meta-data",
  "http://[::ffff:169.254.169.254]/",
  "http://2852039166/",
])("%s is refused with every setting, and the job's log has the reason", async (url) => {
  for (const mode of ["private", "public"] as const) {
    const { result, lines } = await run(mode, "fetches", { url });
    expect(result).toMatchObject(refused("is not allowed: "));
    expect(result).toMatchObject(refused("169.254.169.254"));
    expect(lines.map(({ message }) => message).join()).toContain("EGRESS_REFUSED");
  }
});

describe("an address of a private network", () => {
  test.each(["localhost", "127.0.0.1"])("(%s) is allowed by default", async (host) => {
    const port = await serve((_, response) => void response.end("reached"));
    const { result } = await run("private", "fetches", { url: `http://${host}:${port}/` });
    expect(result).toMatchObject({ ok: true, output: '"reached"' });
  });

  test.each(["localhost", "127.0.0.1", "0x7f.1"])(
    "(%s) is refused when only public addresses are allowed, and receives no request",
    async (host) => {
      let requests = 0;
      const port = await serve((_, response) => {
        requests += 1;
        response.end("reached");
      });
      const { result } = await run("public", "fetches", { url: `http://${host}:${port}/` });
      expect(result).toMatchObject(refused("the egress policy is public"));
      expect(requests).toBe(0);
    },
  );
});

test("a redirect to an address that is refused is not followed", async () => {
  const port = await serve((_, response) => {
    response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" }).end();
  });
  const { result } = await run("private", "fetches", { url: `http://127.0.0.1:${port}/` });
  expect(result).toMatchObject(refused("169.254.169.254"));
});

test("ctx.fetch supports Request objects, forms, redirects and streams, as the standard fetch does", async () => {
  const port = await serve((request, response) => {
    if (request.url === "/") response.writeHead(307, { location: "/there" }).end();
    else {
      request.resume().on("end", () => {
        response.writeHead(200, { "x-mine": String(request.headers["content-type"]) });
        response.end("x".repeat(300_000));
      });
    }
  });
  const { result } = await run("private", "fetches-fully", { url: `http://127.0.0.1:${port}/` });
  expect(result.ok && (JSON.parse(result.output) as object)).toEqual({
    bytes: 300_000,
    redirected: true,
    isResponse: true,
    header: expect.stringContaining("multipart/form-data; boundary=") as string,
  });
});

test("a response with 60 KiB of headers after an unasked 100 Continue is read", async () => {
  const cookie = "x".repeat(1_000);
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const cookies = `Set-Cookie: a=${cookie}\r\n`.repeat(60);
      const head = `HTTP/1.1 200 OK\r\n${cookies}Content-Length: 7\r\n`;
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${head}\r\nreached`);
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closers.push(async () => void server.close());
  const { port } = server.address() as AddressInfo;
  const { result } = await run("private", "fetches", { url: `http://127.0.0.1:${port}/` });
  expect(result).toMatchObject({ ok: true, output: '"reached"' });
});

describe("behind a proxy", () => {
  async function runBehindProxy(url: (port: number) => string) {
    const proxy = await startForwardProxy();
    closers.push(() => proxy.close());
    const port = await serve((_, response) => void response.end("reached"));
    const settings = { url: `http://127.0.0.1:${proxy.port}`, bypass: [] };
    const policy = parseEgressPolicy("private");
    await using threads = openThreads({ catalog, egress: { policy, proxy: settings } });
    const { result } = await threads.run("fetches", { input: { url: url(port) } });
    return { result, port, seen: proxy.seen };
  }

  test("ctx.fetch goes through it", async () => {
    const { result, port, seen } = await runBehindProxy((to) => `http://127.0.0.1:${to}/a?b`);
    expect(result).toMatchObject({ ok: true, output: '"reached"' });
    expect(seen).toEqual([`GET http://127.0.0.1:${port}/a?b`]);
  });

  test("ctx.fetch is refused as without it", async () => {
    const { result, seen } = await runBehindProxy(() => "http://169.254.169.254/latest/meta-data");
    expect(result).toMatchObject(refused("169.254.169.254"));
    expect(seen).toEqual([]);
  });
});

test("an unreachable host fails as with the standard fetch, and the cause is in the message", async () => {
  const port = await serve(() => {});
  for (const close of closers.splice(0)) await close();
  const { result } = await run("private", "fetches", { url: `http://127.0.0.1:${port}/` });
  const message = `fetch failed: connect ECONNREFUSED 127.0.0.1:${port}`;
  expect(result).toMatchObject({ failure: { code: "PLUGIN_THREW", message } });
});

test("a connection that is reset leaves a short report in the job's log", async () => {
  const port = await serve((request) => request.socket.resetAndDestroy());
  const { result, lines } = await run("private", "fetches", { url: `http://127.0.0.1:${port}/` });
  expect(result).toMatchObject({
    failure: {
      code: "PLUGIN_THREW",
      message: expect.stringMatching(/^fetch failed: .*ECONNRESET/) as string,
    },
  });
  const report = lines.map(({ message }) => message).join();
  expect(report).toContain("ECONNRESET");
  expect(report.length).toBeLessThan(1_500);
});

test("a thread loads no HTTP client until a plugin fetches something", async () => {
  await using threads = openThreads({ catalog });
  const loaded = async (input: object) => (await threads.run("reports-loaded", { input })).result;
  expect(await loaded({ name: "undici" })).toMatchObject({ output: "false" });
  const port = await serve((_, response) => void response.end());
  const url = `http://127.0.0.1:${port}/`;
  expect(await loaded({ name: "undici", url })).toMatchObject({ output: "true" });
});
