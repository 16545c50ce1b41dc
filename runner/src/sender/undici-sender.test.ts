import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createResolver } from "../egress/resolver.ts";
import type { Sender } from "../ports/sender.ts";
import { until } from "../../test/support/until.ts";
import { MAX_ANSWER_BYTES } from "./post-request.ts";
import { createUndiciSender } from "./undici-sender.ts";

const ABORTED = { kind: "failed", code: "ABORTED" };

const closers: (() => Promise<void>)[] = [];
let sender: Sender;

beforeEach(() => {
  sender = createUndiciSender({
    connectionsPerOrigin: 1,
    policy: { mode: "private" },
    resolve: createResolver(),
  });
  closers.push(() => sender.close());
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function endpoint(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`;
}

function send(
  url: string,
  over: {
    timeoutMs?: number;
    signal?: AbortSignal;
    recall?: AbortSignal;
    headers?: Record<string, string>;
  } = {},
) {
  return sender.send({
    url,
    headers: over.headers ?? { "content-type": "application/json", "X-Mine": "yes" },
    body: `{"ä":1}`,
    timeoutMs: over.timeoutMs ?? 5_000,
    signal: over.signal ?? new AbortController().signal,
    ...(over.recall && { recall: over.recall }),
  });
}

describe("the sender", () => {
  test("posts the body as it is, with the headers given, and tells the answer", async () => {
    const seen: { method?: string; url?: string; mine?: unknown; body: string }[] = [];
    const url = await endpoint((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        seen.push({
          method,
          url: path,
          mine: headers["x-mine"],
          body: Buffer.concat(chunks).toString(),
        });
        response.writeHead(429, { "retry-after": "7" }).end("slow down");
      });
    });
    expect(await send(url)).toEqual({
      kind: "answered",
      status: 429,
      retryAfter: "7",
      body: "slow down",
      tookMs: expect.any(Number),
    });
    expect(seen).toEqual([{ method: "POST", url: "/hook?x=1", mine: "yes", body: `{"ä":1}` }]);
  });

  test("does not follow a redirect", async () => {
    let requests = 0;
    const url = await endpoint((_, response) => {
      requests += 1;
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    expect(await send(url)).toMatchObject({ kind: "answered", status: 302 });
    expect(requests).toBe(1);
  });

  test("keeps the first 16 KiB of an endless answer and closes its connection", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const url = await endpoint((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write("x".repeat(4096)));
      };
      response.on("drain", write).on("close", resolve);
      write();
    });
    const answer = await send(url);
    expect(answer).toMatchObject({ kind: "answered", status: 200 });
    expect(answer.kind === "answered" && answer.body.length).toBe(MAX_ANSWER_BYTES);
    await closed;
  });

  test("ends a drip of one byte at a time at the deadline", async () => {
    const timers: NodeJS.Timeout[] = [];
    const url = await endpoint((_, response) => {
      response.flushHeaders();
      timers.push(setInterval(() => response.write("."), 20));
    });
    try {
      expect(await send(url, { timeoutMs: 200 })).toMatchObject({
        kind: "failed",
        code: "TIMEOUT",
      });
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
  });

  test("does not count the wait for a free connection as the endpoint's time", async () => {
    const url = await endpoint((_, response) => void setTimeout(() => response.end(), 800));
    const answers = await Promise.all([1, 2, 3].map(() => send(url, { timeoutMs: 1_500 })));
    expect(answers.map(({ kind }) => kind)).toEqual(["answered", "answered", "answered"]);
    for (const { tookMs } of answers as { tookMs: number }[]) {
      expect(tookMs).toBeGreaterThan(750);
      expect(tookMs).toBeLessThan(1_500);
    }
  });

  test("tells an abort apart from a failure", async () => {
    const stop = new AbortController();
    const url = await endpoint(() => stop.abort());
    expect(await send(url, { signal: stop.signal })).toMatchObject({ code: "ABORTED" });
    expect(await send(url, { signal: stop.signal })).toMatchObject({ code: "ABORTED" });
  });

  test("recalls what waits for a connection, not what was sent, and keeps the connection", async () => {
    const recall = new AbortController();
    const ports: unknown[] = [];
    const asked = Promise.withResolvers<ServerResponse>();
    const url = await endpoint((request, response) => {
      ports.push(request.socket.remotePort);
      if (ports.length === 1) asked.resolve(response);
      else response.end();
    });
    const first = send(url, { recall: recall.signal });
    const held = await asked.promise;
    const waiting = [1, 2, 3].map(() => send(url, { recall: recall.signal }));
    recall.abort();
    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject(ABORTED);
    expect(await send(url, { recall: recall.signal })).toMatchObject(ABORTED);
    held.end();
    expect(await first).toMatchObject({ kind: "answered", status: 200 });
    expect(await send(url)).toMatchObject({ kind: "answered", status: 200 });
    expect(ports).toEqual([ports[0], ports[0]]);
  });

  test("tells a refused connection, a reset and garbage as failures with a code", async () => {
    const tcp = createTcpServer((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => tcp.once("listening", resolve));
    const port = (tcp.address() as AddressInfo).port;
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: "failed" });
    await new Promise((resolve) => tcp.close(resolve));
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({
      kind: "failed",
      code: "ECONNREFUSED",
    });

    const garbage = createTcpServer((socket) => {
      socket.once("data", () => socket.end("this is not HTTP\r\n\r\n"));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => garbage.once("listening", resolve));
    closers.push(async () => void (await new Promise((resolve) => garbage.close(resolve))));
    const garbagePort = (garbage.address() as AddressInfo).port;
    expect(await send(`http://127.0.0.1:${garbagePort}/`)).toMatchObject({
      kind: "failed",
      code: "HTTPParserError",
    });
  });

  test.each(["destroy", "resetAndDestroy"] as const)(
    "tries a reused socket that the endpoint had closed once more, at once (%s)",
    async (close) => {
      let requests = 0;
      const url = await endpoint((request, response) => {
        requests += 1;
        // The second request meets a socket that is closed instead of answered.
        if (requests === 2) request.socket[close]();
        else response.end("ok");
      });
      expect(await send(url)).toMatchObject({ status: 200 });
      expect(await send(url)).toMatchObject({ status: 200 });
      expect(requests).toBe(3);
    },
  );

  test("sends nothing of what waited for a connection when it was cut off", async () => {
    const seen: unknown[] = [];
    const url = await endpoint(({ headers }) => seen.push(headers["x-mine"]));
    const stop = new AbortController();
    const cutOff = ["1", "2", "3"].map((mine) =>
      send(url, { signal: stop.signal, headers: { "x-mine": mine } }),
    );
    await until("the first to arrive", () => seen.length === 1);
    stop.abort();
    for (const answer of await Promise.all(cutOff)) expect(answer).toMatchObject(ABORTED);
    // Behind them, on the connection that takes the place of the first one's.
    const next = send(url, { timeoutMs: 500, headers: { "x-mine": "4" } });
    await until("the next one", () => seen.length === 2);
    expect(seen).toEqual(["1", "4"]);
    await next;
  });

  test.each([
    ["is asked to continue", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["gets early hints", "HTTP/1.1 103 Early Hints\r\n\r\n"],
    ["gets half a head", "HTTP/1.1 200 OK\r\ncontent-le"],
  ])("does not try a fresh socket twice that %s and is closed", async (_, head) => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      socket.once("data", () => socket.end(head));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    closers.push(async () => void (await new Promise((resolve) => server.close(resolve))));
    const { port } = server.address() as AddressInfo;
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: "failed" });
    expect(connections).toBe(1);
  });

  test("does not try a fresh socket twice", async () => {
    let requests = 0;
    const url = await endpoint((request) => {
      requests += 1;
      request.socket.destroy();
    });
    expect(await send(url)).toMatchObject({ kind: "failed", code: "UND_ERR_SOCKET" });
    expect(requests).toBe(1);
  });

  test("does not send again when the connection is lost in the middle of an answer", async () => {
    let requests = 0;
    const url = await endpoint((request, response) => {
      requests += 1;
      response.writeHead(200, { "content-length": "100" });
      response.write("the first half", () => request.socket.destroy());
    });
    expect(await send(url)).toMatchObject({ kind: "failed", code: "UND_ERR_SOCKET" });
    expect(requests).toBe(1);
  });

  test("sends header names as they are written", async () => {
    const { promise: seen, resolve } = Promise.withResolvers<readonly string[]>();
    const url = await endpoint((request, response) => {
      resolve(request.rawHeaders);
      response.end();
    });
    await send(url, { headers: { "X-API-Key": "1" } });
    expect(await seen).toContain("X-API-Key");
  });

  test.each([
    ["a line break in a value", { x: "a\r\nb: c" }],
    ["a space in a name", { "a b": "c" }],
    ["a name of HTTP's own", { "transfer-encoding": "chunked" }],
  ])("tells %s as a failure, and sends nothing", async (_, headers) => {
    let requests = 0;
    const url = await endpoint((_request, response) => {
      requests += 1;
      response.end();
    });
    expect(await send(url, { headers })).toMatchObject({
      kind: "failed",
      code: "UND_ERR_INVALID_ARG",
    });
    expect(requests).toBe(0);
  });

  test("tells an endpoint that switches protocols as a failure", async () => {
    const tcp = createTcpServer((socket) => {
      socket.once("data", () =>
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
      );
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => tcp.once("listening", resolve));
    closers.push(async () => void (await new Promise((resolve) => tcp.close(resolve))));
    const { port } = tcp.address() as AddressInfo;
    const answer = await send(`http://127.0.0.1:${port}/`, { timeoutMs: 2_000 });
    expect(answer).toMatchObject({ kind: "failed" });
  });

  test.each(["http://169.254.169.254/", "http://[::ffff:169.254.169.254]/", "http://2852039166/"])(
    "refuses %s, and says which address",
    async (url) => {
      expect(await send(url)).toMatchObject({
        kind: "failed",
        code: "EGRESS_REFUSED",
        message: expect.stringContaining("169.254.169.254"),
      });
    },
  );
});
