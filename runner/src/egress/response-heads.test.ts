/** Responses that were good, as bytes from a TCP server. */
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEgressAgent } from "./agent.ts";
import { createResolver } from "./resolver.ts";

const REQUEST_END = "\r\n\r\n";

/** Sends the given pieces after each request, one after another. Returns the server's URL. */
async function respondWith(...pieces: readonly string[]): Promise<string> {
  const server = createServer({ noDelay: true }, (socket) => {
    let received = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (!received.endsWith(REQUEST_END)) return;
      received = "";
      const left = [...pieces];
      const writeNext = (): void => {
        const piece = left.shift();
        if (piece !== undefined) socket.write(piece, "latin1", () => setImmediate(writeNext));
      };
      writeNext();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function createClient() {
  const policy = { mode: "private" } as const;
  const agent = createEgressAgent({ policy }, createResolver(), { connections: 1 });
  onTestFinished(() => agent.destroy());
  return async (origin: string) => {
    const { statusCode, headers, body } = await agent.request({ origin, path: "/", method: "GET" });
    return { status: statusCode, headers, text: await body.text() };
  };
}

async function get(...pieces: readonly string[]) {
  return createClient()(await respondWith(...pieces));
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const cookies = (count: number): string =>
  Array.from({ length: count }, (_, n) => `Set-Cookie: c${n}=${"x".repeat(1_000)}\r\n`).join("");

const GOOD: Readonly<Record<string, string>> = {
  "an ordinary head": OK,
  "100 Continue": `HTTP/1.1 100 Continue\r\n\r\n${OK}`,
  "100 Continue twice, and early hints": `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100\r\nX-A: b\r\n\r\n${OK}`,
  "Content-Length twice": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok",
  "Content-Length twice in one line": "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
  "blanks after Content-Length": "HTTP/1.1 200 OK\r\nContent-Length: 2 \t\r\n\r\nok",
  "a folded header": "HTTP/1.1 200 OK\r\nX-A: a,\r\n\t b\r\nContent-Length: 2\r\n\r\nok",
};

describe("a response with", () => {
  test.each(Object.entries(GOOD))("%s is read", async (_, bytes) => {
    expect(await get(bytes)).toMatchObject({ status: 200, text: "ok" });
  });

  test.each(Object.entries(GOOD))("%s is read in pieces of one byte", async (_, bytes) => {
    expect(await get(...(bytes.match(/[^]/g) ?? []))).toMatchObject({ status: 200, text: "ok" });
  });

  test.each(Object.entries(GOOD))("%s is read twice on one connection", async (_, bytes) => {
    const client = createClient();
    const url = await respondWith(bytes);
    for (let time = 0; time < 2; time += 1) {
      expect(await client(url)).toMatchObject({ status: 200, text: "ok" });
    }
  });

  test.each([18, 60])("%d KiB of headers is read", async (count) => {
    const { status, headers } = await get(
      `HTTP/1.1 200 OK\r\n${cookies(count)}Content-Length: 0\r\n\r\n`,
    );
    expect(status).toBe(200);
    expect(headers["set-cookie"]).toHaveLength(count);
  });
});

test("a folded header has a space in place of the line break", async () => {
  const { headers } = await get(GOOD["a folded header"] ?? "");
  expect(headers["x-a"]).toBe("a, b");
});

test.each([70, 200])("a response with %d KiB of headers is refused", async (count) => {
  await expect(get(`HTTP/1.1 200 OK\r\n${cookies(count)}\r\n`)).rejects.toMatchObject({
    code: "UND_ERR_HEADERS_OVERFLOW",
  });
});

test.each(["2\r\nContent-Length: 3", "2, 3", "2x", ""])(
  "a response whose Content-Length is %j is refused",
  async (length) => {
    await expect(get(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nok`)).rejects.toThrow(
      /content-length/i,
    );
  },
);

test("a body that looks like a head is not changed", async () => {
  const body = "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n";
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
  expect(await get(head + body)).toMatchObject({ text: body });
  expect(await get(head, body)).toMatchObject({ text: body });
});
