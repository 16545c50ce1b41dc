import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import httpFetch from "./index.ts";
import { atPointer, nextLink } from "./paging.ts";
import { parseRetryAfter } from "./retry-wait.ts";
import { showUrl } from "../shared/show-url.ts";

const folder = mkdtempSync(join(tmpdir(), "fetch-"));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Returns the origin of a server. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Output {
  status: number;
  body: unknown;
  items: unknown[] | null;
  headers: object;
}

async function run(url: string, options: object = {}, body?: unknown) {
  const input = body === undefined ? { url } : { url, body };
  const { output, trace } = await runPlugin(httpFetch, { input, options, filesRoot: folder });
  return { ...(output as Output), trace };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

const json = { "content-type": "application/json" };

describe("a request", () => {
  test("has its method, headers and body, and the response is read by its type", async () => {
    const url = await serve((request, response) => {
      const { method, headers } = request;
      response.writeHead(201, { ...json, "x-request-id": "r1", "set-cookie": "a=1" });
      void textOf(request).then((body) => {
        const [type, key] = [headers["content-type"], headers["x-key"]];
        response.end(JSON.stringify({ method, type, key, body }));
      });
    });
    const output = await run(url, { method: "POST", headers: { "X-Key": "k" } }, { a: 1 });
    const body = { method: "POST", type: "application/json", key: "k", body: '{"a":1}' };
    expect(output).toMatchObject({ status: 201, body, contentType: "application/json", pages: 1 });
    expect(output.headers).toMatchObject({ "x-request-id": "r1" });
    expect(output.headers).not.toHaveProperty("set-cookie");
    expect(output.trace.metrics).toMatchObject({ processedItems: 1 });
  });

  test.each([
    ["text/csv; charset=iso-8859-1", Buffer.from("Z\u00fcrich", "latin1"), "Zürich"],
    ["image/png", Buffer.from([1, 2, 3]), "AQID"],
    ["application/problem+json", Buffer.from('{"a":1}'), { a: 1 }],
    ["text/plain", Buffer.alloc(0), null],
  ])("of type %s is read", async (type, bytes, body) => {
    const url = await serve((_, response) => response.setHeader("content-type", type).end(bytes));
    expect((await run(url)).body).toEqual(body);
  });

  test("is refused if it has a body and the method GET", async () => {
    await expect(run("http://127.0.0.1:9", {}, "x")).rejects.toThrow(
      'method is "GET": a request with a body must be POST, PUT, PATCH or DELETE',
    );
  });
});

describe("a file", () => {
  test("gets the body as it is", async () => {
    const bytes = Buffer.alloc(3 << 20, 7);
    const url = await serve((_, response) => response.end(bytes));
    const output = await run(url, { outputFile: "in/a.bin" });
    expect(output).toMatchObject({ file: "in/a.bin", body: null, bytes: bytes.length });
    expect(readFileSync(join(folder, "in/a.bin")).equals(bytes)).toBe(true);
    expect(readdirSync(join(folder, "in"))).toEqual(["a.bin"]);
  });

  test("is not left if the body is too large, declared or not", async () => {
    const url = await serve(({ url: path }, response) => {
      if (path === "/declared") response.setHeader("content-length", 2000);
      response.write(Buffer.alloc(1500));
      response.end(Buffer.alloc(500));
    });
    const options = { outputFile: "a.bin", maxBytes: 1000 };
    await expect(run(`${url}/declared`, options)).rejects.toThrow(
      `url is "${url}/declared": its body has 2000 bytes. maxBytes is 1000`,
    );
    await expect(run(url, options)).rejects.toThrow("its body has more bytes. maxBytes is 1000");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is not left if the connection ends", async () => {
    const url = await serve((_, response) => {
      response.setHeader("content-length", 2000);
      response.write(Buffer.alloc(100), () => response.destroy());
    });
    await expect(run(url, { outputFile: "a.bin" })).rejects.toThrow(
      "the connection ended after 100 bytes of the body",
    );
    expect(existsSync(join(folder, "a.bin"))).toBe(false);
  });
});

describe("an error", () => {
  test("has the URL, the status, the redirect and the beginning of the body", async () => {
    const url = await serve(({ url: path }, response) => {
      if (path === "/old") response.writeHead(302, { location: "/new?token=s3cret" }).end();
      else response.writeHead(404).end("no such order");
    });
    await expect(run(`${url}/old`)).rejects.toThrow(
      `url is "${url}/new?token=***": its server responded with status 404 Not Found after a redirect from ${url}/old: "no such order"`,
    );
    const output = await run(`${url}/new`, { failOnStatus: false, responseAs: "text" });
    expect(output).toMatchObject({ status: 404, body: "no such order" });
  });

  test("of a connection has its cause", async () => {
    const url = await serve(() => {});
    servers[0]!.close();
    const failed = run(url, { retries: 0 });
    await expect(failed).rejects.toThrow(`url is "${url}/": the request failed`);
    await expect(failed).rejects.toHaveProperty("cause.cause.cause.code", "ECONNREFUSED");
  });

  test("of a silent server names timeoutMs", async () => {
    const url = await serve(() => {});
    const failed = run(url, { retries: 0, timeoutMs: 50 });
    await expect(failed).rejects.toHaveProperty(
      "cause.cause.message",
      "nothing arrived for 50 ms (timeoutMs)",
    );
  });

  test.each([
    ["ftp://example.com/a", 'url is "ftp://example.com/a": it must be an http or https URL'],
    ["http://user:s3cret@example.com/", /^url has a user name or a password before "example.com"/],
  ])("of %s needs no request", async (url, message) => {
    await expect(run(url)).rejects.toThrow(message);
    await expect(run(url)).rejects.not.toThrow("s3cret");
  });

  test("of a body that is not JSON shows its beginning", async () => {
    const url = await serve((_, response) => response.writeHead(200, json).end("<html>"));
    await expect(run(url)).rejects.toThrow('its body must be JSON, but begins with "<html>"');
  });
});

test("a redirect to another origin gets no headers of the job", async () => {
  const other = await serve(({ headers }, response) =>
    response.writeHead(200, json).end(JSON.stringify({ key: headers["x-key"] ?? null })),
  );
  const url = await serve((_, response) => response.writeHead(307, { location: other }).end());
  expect((await run(url, { headers: { "x-key": "s3cret" } })).body).toEqual({ key: null });
  const stopped = await run(url, { followRedirects: false });
  expect(stopped).toMatchObject({ status: 307 });
});

test("redirects in a circle end", async () => {
  const url = await serve((_, response) => response.writeHead(302, { location: "/" }).end());
  await expect(run(url)).rejects.toThrow("it was redirected more than 10 times");
});

describe("retries", () => {
  test.each([429, 503])("a %i is repeated after Retry-After, for any method", async (status) => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(status, { "retry-after": "0" }).end();
      else response.end();
    });
    const headers = { authorization: "Bearer s3cret" };
    const output = await run(`${url}/?api_key=s3cret`, { method: "POST", headers });
    expect(output.status).toBe(200);
    expect(requests).toBe(2);
    expect(output.trace.log[0]?.data).toMatchObject({ reason: `status ${status}`, waitMs: 0 });
    expect(JSON.stringify(output.trace)).not.toContain("s3cret");
  });

  test("a longer wait than maxRetryWaitMs fails with both", async () => {
    const url = await serve((_, response) =>
      response.writeHead(429, { "retry-after": "3600" }).end(),
    );
    await expect(run(url)).rejects.toThrow(
      `url is "${url}/": its server responded with status 429 and asks to wait 3600000 ms. maxRetryWaitMs is 60000`,
    );
  });

  test("a POST whose connection ends is not repeated, and a GET is", async () => {
    let requests = 0;
    const url = await serve((request, response) => {
      requests += 1;
      if (requests === 1 || request.method === "POST") request.socket.destroy();
      else response.end();
    });
    expect((await run(url, { maxRetryWaitMs: 0 })).status).toBe(200);
    expect(requests).toBe(2);
    await expect(run(url, { method: "POST", maxRetryWaitMs: 0 })).rejects.toThrow(
      "the request failed",
    );
    expect(requests).toBe(3);
  });

  test("Retry-After is seconds or a date", () => {
    const now = Date.UTC(2026, 1, 13, 10, 0, 0);
    expect(parseRetryAfter("7", now)).toBe(7000);
    expect(parseRetryAfter("Fri, 13 Feb 2026 10:00:30 GMT", now)).toBe(30_000);
    expect(parseRetryAfter("soon", now)).toBeNull();
  });
});

describe("paging", () => {
  const all = [1, 2, 3, 4, 5];
  /** A list of five numbers, two on a page, in all ways of paging. */
  const list = (): Promise<string> =>
    serve((request, response) => {
      const { searchParams, pathname } = new URL(request.url ?? "", "http://localhost");
      const number = (name: string): number => Number(searchParams.get(name) ?? 0);
      const at =
        pathname === "/page"
          ? (number("page") - 1) * 2
          : number(searchParams.has("after") ? "after" : "offset");
      const items = all.slice(at, at + 2);
      const next = at + 2 < all.length ? at + 2 : null;
      const link = next && pathname === "/link" ? { link: `<?offset=${next}>; rel="next"` } : {};
      response.writeHead(200, { ...json, ...link });
      const path = next === null ? null : `/next?offset=${next}`;
      response.end(JSON.stringify(pathname === "/link" ? items : { data: items, next, path }));
    });

  test.each([
    ["/link", { paging: "link" }, 3],
    ["/next", { paging: "next", nextPointer: "/path", itemsPointer: "/data" }, 3],
    [
      "/cursor",
      { paging: "cursor", nextPointer: "/next", pageParam: "after", itemsPointer: "/data" },
      3,
    ],
    ["/page", { paging: "page", itemsPointer: "/data" }, 4],
    ["/offset", { paging: "offset", itemsPointer: "/data" }, 4],
  ])("of %s gives all items", async (path, options, pages) => {
    const output = await run((await list()) + path, options);
    expect(output).toMatchObject({ items: all, itemCount: 5, pages, hasMore: false });
  });

  test("ends after maxPages and says so", async () => {
    const output = await run(`${await list()}/link`, { paging: "link", maxPages: 2 });
    expect(output).toMatchObject({ items: [1, 2, 3, 4], pages: 2, hasMore: true });
    expect(output.trace.log[0]?.message).toContain("maxPages is 2");
  });

  test("writes one item a line, and keeps integers of any size", async () => {
    const url = await serve((_, response) =>
      response.writeHead(200, json).end('[{"id":8202522731445525542}]'),
    );
    const output = await run(url, { paging: "link", outputFile: "a.jsonl" });
    expect(output).toMatchObject({ items: null, file: "a.jsonl", itemCount: 1 });
    expect(readFileSync(join(folder, "a.jsonl"), "utf8")).toBe('{"id":8202522731445525542}\n');
  });

  test("counts the bytes of all pages", async () => {
    const options = { paging: "link", maxBytes: 8 };
    await expect(run(`${await list()}/link`, options)).rejects.toThrow("maxBytes is 8");
  });

  test("is refused if it finds no list, or leads in a circle", async () => {
    const url = await list();
    await expect(run(`${url}/next`, { paging: "next" })).rejects.toThrow(
      `itemsPointer is "": it must point to a list in the page of ${url}/next, but finds object`,
    );
    const circle = await serve((_, response) =>
      response.writeHead(200, { ...json, link: '</>; rel="next"' }).end("[]"),
    );
    await expect(run(circle, { paging: "link" })).rejects.toThrow("which was read before");
  });

  test("a link header and a pointer are read as their standards say", () => {
    expect(nextLink('</1>; rel="prev", </3?a=1,2>; title="a, b"; rel="last next"')).toBe(
      "/3?a=1,2",
    );
    expect(nextLink("</3>; rel=next")).toBe("/3");
    expect(nextLink('</3>; title="a; rel=last"; rel=next')).toBe("/3");
    expect(nextLink('</3>; rel="nextish"')).toBeNull();
    expect(atPointer({ "a/b": [{ "~": 7 }] }, "/a~1b/0/~0")).toBe(7);
    expect(atPointer({}, "/constructor")).toBeUndefined();
  });
});

test("a URL is shown without the values of secret parameters", () => {
  expect(showUrl("https://a.example/x?page=2&access_token=s3cret&X-Amz-Signature=ab#part")).toBe(
    "https://a.example/x?page=2&access_token=***&X-Amz-Signature=***",
  );
});
