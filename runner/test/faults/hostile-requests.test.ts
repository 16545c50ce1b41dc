/** Deliberately invalid HTTP requests, sent as bytes to the real daemon. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";
import { sendBytes, splitResponses, type WireResponse } from "../support/wire.ts";

const REQUEST_TIMEOUT_MS = 1_000;

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startDaemon({
    plugins: { echo: "(input) => input" },
    env: { PLAYGROUND_REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS) },
  });
});
afterAll(() => daemon.close());

const JOB = JSON.stringify({ plugins: ["echo"], name: "smuggled" });
const OUTER = JSON.stringify({ plugins: ["echo"], name: "outer" });

/** A request with the token, as a proxy that trusts the request's framing would forward it. */
function post(headers: readonly string[], body: string): string {
  const lines = [
    "POST /v1/jobs HTTP/1.1",
    "Host: localhost",
    `Authorization: Bearer ${daemon.token}`,
    "Content-Type: application/json",
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

const smuggled = (): string => post([`Content-Length: ${JOB.length}`, "Connection: close"], JOB);

describe("no request can be smuggled with", () => {
  const chunked = `${OUTER.length.toString(16)}\r\n${OUTER}\r\n0\r\n\r\n`;
  const forms: [string, () => string][] = [
    [
      "Content-Length before chunked coding",
      () => post(["Content-Length: 4", "Transfer-Encoding: chunked"], chunked),
    ],
    [
      "chunked coding before Content-Length",
      () => post(["Transfer-Encoding: chunked", "Content-Length: 4"], chunked),
    ],
    [
      "two Content-Length headers",
      () => post([`Content-Length: ${OUTER.length}`, "Content-Length: 0"], OUTER),
    ],
    [
      "two lengths in one Content-Length",
      () => post([`Content-Length: ${OUTER.length}, 0`], OUTER),
    ],
    ["a length with a sign", () => post([`Content-Length: +${OUTER.length}`], OUTER)],
    ["a negative length", () => post(["Content-Length: -1"], OUTER)],
    ["a length in hex", () => post(["Content-Length: 0x10"], OUTER)],
    ["a length that overflows", () => post(["Content-Length: 18446744073709551617"], OUTER)],
    ["a space before the colon", () => post([`Content-Length : ${OUTER.length}`], OUTER)],
    [
      "chunked coding that is not the last one",
      () => post(["Transfer-Encoding: chunked, identity"], chunked),
    ],
    ["an unknown coding", () => post(["Transfer-Encoding: xchunked"], chunked)],
    [
      "two chunked codings",
      () => post(["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], chunked),
    ],
    ["a folded header", () => post(["X-A: b", " Transfer-Encoding: chunked"], chunked)],
    ["a folded coding", () => post(["Transfer-Encoding:", " chunked"], chunked)],
    [
      "a chunk size that overflows",
      () => post(["Transfer-Encoding: chunked"], "fffffffffffffffff\r\n"),
    ],
    [
      "a chunk that is longer than its size",
      () => post(["Transfer-Encoding: chunked"], `1\r\n${OUTER}\r\n0\r\n\r\n`),
    ],
    [
      "a bare LF after a chunk size",
      () => post(["Transfer-Encoding: chunked"], chunked.replaceAll("\r\n", "\n")),
    ],
    ["bare LFs between headers", () => post([], "").replaceAll("\r\n", "\n")],
    ["a bare CR in a header", () => post(["X-A: b\rTransfer-Encoding: chunked"], chunked)],
    ["a NUL in a header", () => post(["X-A: b\0"], "")],
  ];

  test.each(forms)("%s", async (_, form) => {
    const answers = splitResponses(await sendBytes(daemon.url, form() + smuggled()));
    const [first] = answers;
    expect(first?.status).toBe(400);
    expect(JSON.parse(first?.body ?? "")).toMatchObject({ code: "REQUEST_MALFORMED" });
    expect(answers).toHaveLength(1);
    expect(await daemon.get("/v1/jobs?name=smuggled")).toMatchObject({ items: [] });
  });

  test("a second Host header, which a proxy could use instead", async () => {
    const bytes =
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\nConnection: close\r\n\r\n";
    const [answer] = splitResponses(await sendBytes(daemon.url, bytes));
    expect(answer?.status).toBe(400);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "REQUEST_MALFORMED" });
  });

  test("a body on a GET request", async () => {
    const inner = smuggled();
    const outer = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${inner.length}\r\nConnection: close\r\n\r\n`;
    expect(splitResponses(await sendBytes(daemon.url, outer + inner))).toHaveLength(1);
    expect(await daemon.get("/v1/jobs?name=smuggled")).toMatchObject({ items: [] });
  });

  test("a body whose request is refused before the body is read", async () => {
    const inner = smuggled();
    const outer = `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${inner.length}\r\n\r\n`;
    const end = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const statuses = splitResponses(await sendBytes(daemon.url, outer + inner + end)).map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([401, 200]);
    expect(await daemon.get("/v1/jobs?name=smuggled")).toMatchObject({ items: [] });
  });

  test("an upgrade to HTTP/2 or WebSocket", async () => {
    for (const protocol of ["h2c", "websocket"]) {
      const upgrade = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`;
      const answers = splitResponses(await sendBytes(daemon.url, upgrade));
      expect(answers.map(({ status }) => status)).toEqual([200]);
    }
  });
});

describe("a web page in a local browser is refused, even with the token,", () => {
  const body = JSON.stringify({ plugins: ["echo"], name: "from a page" });

  /** Sends the request as a browser does, with the page's own headers. */
  async function postFromPage(headers: readonly string[]): Promise<WireResponse | undefined> {
    const lines = [
      "POST /v1/jobs HTTP/1.1",
      `Authorization: Bearer ${daemon.token}`,
      `Content-Length: ${body.length}`,
      "Connection: close",
      ...headers,
    ];
    const [answer] = splitResponses(
      await sendBytes(daemon.url, `${lines.join("\r\n")}\r\n\r\n${body}`),
    );
    expect(await daemon.get("/v1/jobs?name=from%20a%20page")).toMatchObject({ items: [] });
    return answer;
  }

  test("when its host name resolves to the daemon's address (DNS rebinding)", async () => {
    const { port } = new URL(daemon.url);
    const answer = await postFromPage([
      `Host: evil.example:${port}`,
      `Origin: http://evil.example:${port}`,
      "Content-Type: application/json",
    ]);
    expect(answer?.status).toBe(421);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "HOST_REFUSED" });
  });

  test.each(["application/json", "text/plain"])(
    "when it posts %s to another origin (CSRF)",
    async (type) => {
      const answer = await postFromPage([
        `Host: ${new URL(daemon.url).host}`,
        "Origin: http://evil.example",
        `Content-Type: ${type}`,
      ]);
      expect(answer?.status).toBe(403);
      expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "ORIGIN_REFUSED" });
    },
  );
});

describe("a request head that is too large:", () => {
  test.each([
    ["one header of 32 KiB", () => [`X: ${"x".repeat(32_768)}`]],
    ["2,500 headers", () => Array.from({ length: 2_500 }, (_, n) => `X${n}: 1`)],
  ])("the response to %s is a 431", async (_, headers) => {
    const [answer] = splitResponses(await sendBytes(daemon.url, post(headers(), "")));
    expect(answer?.status).toBe(431);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "REQUEST_HEADERS_TOO_LARGE" });
  });

  test("the response to a URL of 32 KiB is a 431", async () => {
    const [answer] = splitResponses(
      await sendBytes(daemon.url, `GET /${"x".repeat(32_768)} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
    );
    expect(answer?.status).toBe(431);
  });
});

/** Sends `piece` ten times per request timeout. Returns what was received until the close. */
async function drip(start: string, piece: string): Promise<string> {
  const { hostname, port } = new URL(daemon.url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  let isClosed = false;
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  socket.on("error", () => {}).once("close", () => (isClosed = true));
  socket.write(start);
  const timer = setInterval(() => socket.writable && socket.write(piece), REQUEST_TIMEOUT_MS / 10);
  try {
    await until("the daemon to close the connection", () => isClosed, { timeoutMs: 20_000 });
  } finally {
    clearInterval(timer);
    socket.destroy();
  }
  return answer;
}

describe("a slow client (slowloris)", () => {
  test.each([
    ["that drips its headers", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", () => "X-A: b\r\n"],
    [
      "that drips its body",
      "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nAuthorization: Bearer ",
      () => " ",
    ],
  ])("%s gets a 408 and is disconnected", async (_, start, piece) => {
    const head = start.endsWith("Bearer ") ? `${start}${daemon.token}\r\n\r\n` : start;
    const [answer] = splitResponses(await drip(head, piece()));
    expect(answer?.status).toBe(408);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "REQUEST_TIMEOUT" });
  });

  test("that sends nothing is disconnected", async () => {
    expect(await drip("", "")).not.toContain("200 OK");
  });

  test("does not delay other clients, even with 200 connections", async () => {
    const { hostname, port } = new URL(daemon.url);
    const sockets = Array.from({ length: 200 }, () => connect(Number(port), hostname));
    for (const socket of sockets) socket.on("error", () => {}).write("GET /healthz HTTP/1.1\r\nX");
    expect((await daemon.request("/healthz")).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test.each([
    ["have not begun", ""],
    ["have sent nearly 16 MiB", `3ffff\r\n${" ".repeat(0x3ffff)}\r\n`],
  ])("16 uploads in chunks that %s and stall do not delay other submissions", async (_, chunk) => {
    const patient = await startDaemon({ plugins: { echo: "(input) => input" } });
    const { hostname, port } = new URL(patient.url);
    const head = `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${patient.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const sockets = Array.from({ length: 16 }, () => connect(Number(port), hostname));
    const sent = sockets.map(async (socket) => {
      socket.on("error", () => {}).write(head);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      for (let n = 0; n < 63 && chunk !== "" && !socket.destroyed; n += 1) {
        if (!socket.write(chunk))
          await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
      }
    });
    await Promise.all(sent);
    for (let n = 0; n < 20; n += 1) await patient.post("/v1/jobs", { plugins: ["echo"], input: n });
    for (const socket of sockets) socket.destroy();
    await patient.close();
  });
});
