/** Requests that are no good HTTP on purpose, on the wire of the real daemon. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";
import { exchange, splitAnswers, type WireAnswer } from "../support/wire.ts";

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

/** With the token, as a proxy that trusts its framing would send it on. */
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

describe("a request is not smuggled within another by", () => {
  const chunked = `${OUTER.length.toString(16)}\r\n${OUTER}\r\n0\r\n\r\n`;
  const forms: [string, () => string][] = [
    [
      "a length beside chunks",
      () => post(["Content-Length: 4", "Transfer-Encoding: chunked"], chunked),
    ],
    [
      "chunks beside a length",
      () => post(["Transfer-Encoding: chunked", "Content-Length: 4"], chunked),
    ],
    ["two lengths", () => post([`Content-Length: ${OUTER.length}`, "Content-Length: 0"], OUTER)],
    ["two lengths in one header", () => post([`Content-Length: ${OUTER.length}, 0`], OUTER)],
    ["a length with a sign", () => post([`Content-Length: +${OUTER.length}`], OUTER)],
    ["a length below zero", () => post(["Content-Length: -1"], OUTER)],
    ["a length in hex", () => post(["Content-Length: 0x10"], OUTER)],
    ["a length that overflows", () => post(["Content-Length: 18446744073709551617"], OUTER)],
    ["a space before the colon", () => post([`Content-Length : ${OUTER.length}`], OUTER)],
    [
      "a coding that is not the last",
      () => post(["Transfer-Encoding: chunked, identity"], chunked),
    ],
    ["a coding that nobody knows", () => post(["Transfer-Encoding: xchunked"], chunked)],
    [
      "chunked twice",
      () => post(["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], chunked),
    ],
    ["a folded header", () => post(["X-A: b", " Transfer-Encoding: chunked"], chunked)],
    ["a folded coding", () => post(["Transfer-Encoding:", " chunked"], chunked)],
    [
      "a chunk's size that overflows",
      () => post(["Transfer-Encoding: chunked"], "fffffffffffffffff\r\n"),
    ],
    [
      "a chunk that is longer than it says",
      () => post(["Transfer-Encoding: chunked"], `1\r\n${OUTER}\r\n0\r\n\r\n`),
    ],
    [
      "a bare LF after a chunk's size",
      () => post(["Transfer-Encoding: chunked"], chunked.replaceAll("\r\n", "\n")),
    ],
    ["bare LFs between headers", () => post([], "").replaceAll("\r\n", "\n")],
    ["a bare CR in a header", () => post(["X-A: b\rTransfer-Encoding: chunked"], chunked)],
    ["a NUL in a header", () => post(["X-A: b\0"], "")],
  ];

  test.each(forms)("%s", async (_, form) => {
    const answers = splitAnswers(await exchange(daemon.url, form() + smuggled()));
    const [first] = answers;
    expect(first?.status).toBe(400);
    expect(JSON.parse(first?.body ?? "")).toMatchObject({ code: "REQUEST_MALFORMED" });
    expect(answers).toHaveLength(1);
    expect(await daemon.get("/v1/jobs?name=smuggled")).toMatchObject({ items: [] });
  });

  test("a second Host, which is for the next proxy", async () => {
    const bytes =
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\nConnection: close\r\n\r\n";
    const [answer] = splitAnswers(await exchange(daemon.url, bytes));
    expect(answer?.status).toBe(400);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "REQUEST_MALFORMED" });
  });

  test("a body on a request that has none to give", async () => {
    const inner = smuggled();
    const outer = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${inner.length}\r\nConnection: close\r\n\r\n`;
    expect(splitAnswers(await exchange(daemon.url, outer + inner))).toHaveLength(1);
    expect(await daemon.get("/v1/jobs?name=smuggled")).toMatchObject({ items: [] });
  });

  test("a body that is refused before it was read", async () => {
    const inner = smuggled();
    const outer = `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${inner.length}\r\n\r\n`;
    const end = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const statuses = splitAnswers(await exchange(daemon.url, outer + inner + end)).map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([401, 200]);
    expect(await daemon.get("/v1/jobs?name=smuggled")).toMatchObject({ items: [] });
  });

  test("an upgrade to HTTP/2 or WebSocket", async () => {
    for (const protocol of ["h2c", "websocket"]) {
      const upgrade = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`;
      expect(splitAnswers(await exchange(daemon.url, upgrade)).map(({ status }) => status)).toEqual(
        [200],
      );
    }
  });
});

describe("a page in a browser on this machine, token and all, is refused", () => {
  const body = JSON.stringify({ plugins: ["echo"], name: "from a page" });

  /** As a browser sends it without asking first: a "simple" type, and the page's own headers. */
  async function postFromPage(headers: readonly string[]): Promise<WireAnswer | undefined> {
    const lines = [
      "POST /v1/jobs HTTP/1.1",
      `Authorization: Bearer ${daemon.token}`,
      `Content-Length: ${body.length}`,
      "Connection: close",
      ...headers,
    ];
    const [answer] = splitAnswers(
      await exchange(daemon.url, `${lines.join("\r\n")}\r\n\r\n${body}`),
    );
    expect(await daemon.get("/v1/jobs?name=from%20a%20page")).toMatchObject({ items: [] });
    return answer;
  }

  test("when its name was bound to the daemon's address (DNS rebinding)", async () => {
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
    "when it posts %s to another site than its own (CSRF)",
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

describe("too much in the head:", () => {
  test.each([
    ["one header of 32 KiB", () => [`X: ${"x".repeat(32_768)}`]],
    ["2,500 headers", () => Array.from({ length: 2_500 }, (_, n) => `X${n}: 1`)],
  ])("%s gets a 431", async (_, headers) => {
    const [answer] = splitAnswers(await exchange(daemon.url, post(headers(), "")));
    expect(answer?.status).toBe(431);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "REQUEST_HEADERS_TOO_LARGE" });
  });

  test("a URL of 32 KiB gets a 431", async () => {
    const [answer] = splitAnswers(
      await exchange(daemon.url, `GET /${"x".repeat(32_768)} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
    );
    expect(answer?.status).toBe(431);
  });
});

/** Sends a piece ten times in the time that a request may take, and gives what came back in the end. */
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

describe("a client that takes its time (slowloris)", () => {
  test.each([
    ["with headers that drip", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", () => "X-A: b\r\n"],
    [
      "with a body that drips",
      "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nAuthorization: Bearer ",
      () => " ",
    ],
  ])("%s is answered 408 and cut off", async (_, start, piece) => {
    const head = start.endsWith("Bearer ") ? `${start}${daemon.token}\r\n\r\n` : start;
    const [answer] = splitAnswers(await drip(head, piece()));
    expect(answer?.status).toBe(408);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code: "REQUEST_TIMEOUT" });
  });

  test("and says nothing at all is cut off", async () => {
    expect(await drip("", "")).not.toContain("200 OK");
  });

  test("holds up nobody else, though there are 200 of it", async () => {
    const { hostname, port } = new URL(daemon.url);
    const sockets = Array.from({ length: 200 }, () => connect(Number(port), hostname));
    for (const socket of sockets) socket.on("error", () => {}).write("GET /healthz HTTP/1.1\r\nX");
    expect((await daemon.request("/healthz")).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});
