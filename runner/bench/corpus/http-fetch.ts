/** The score of http-fetch: responses, failures and lists in the forms that real APIs have. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { messageWithCauses } from "../../src/domain/message-with-causes.ts";
import httpFetch from "../../src/plugins/http-fetch/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

/** `count` is how many requests came before. */
type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

interface Output {
  readonly body: unknown;
  readonly items: unknown;
}

/** Runs the plugin on `/list` of a server that answers so. */
async function fetchFrom(answer: Answer, options: object, body?: unknown): Promise<Output> {
  let count = 0;
  const server = createServer((request, response) => answer(request, response, count++));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/list`;
    const input = body === undefined ? { url } : { url, body };
    return (await runPlugin(httpFetch, { input, options })).output as Output;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const send =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status, headers).end(body);
const sendJson = (value: unknown, headers: Record<string, string> = {}): Answer =>
  send(JSON.stringify(value), { "content-type": "application/json", ...headers });
const typed = (type: string): Record<string, string> => ({ "content-type": type });
const encoded = (encoding: string): Record<string, string> => ({
  ...typed("text/plain"),
  "content-encoding": encoding,
});
const json = "application/json";

type Read = readonly [name: string, answer: Answer, body: unknown, options?: object];

const redirect =
  (status: number): Answer =>
  (request, response) => {
    if (request.url === "/list") response.writeHead(status, { location: "/new" }).end();
    else response.writeHead(200, typed("text/plain")).end(`${request.method} ${request.url}`);
  };
const BODIES: readonly Read[] = [
  ["JSON", send('{"a":[1,null]}', typed(json)), { a: [1, null] }],
  ["JSON with a charset", send('{"a":"ü"}', typed(`${json}; charset=utf-8`)), { a: "ü" }],
  ["JSON with a byte order mark", send('\uFEFF{"a":1}', typed(json)), { a: 1 }],
  ["JSON of an API standard", send("[1]", typed("application/vnd.api+json")), [1]],
  ["JSON as text", send("[1]", typed(json)), "[1]", { responseAs: "text" }],
  ["JSON without its type", send("[1]"), [1], { responseAs: "json" }],
  ["JSON that is null", send("null", typed(json)), null],
  ["text", send("a\r\nb", typed("text/plain; charset=utf-8")), "a\r\nb"],
  [
    "text in Latin-1",
    send(Buffer.from("Zürich", "latin1"), typed("text/csv; charset=iso-8859-1")),
    "Zürich",
  ],
  [
    "text in Shift_JIS",
    send(Buffer.from("93fa967b", "hex"), typed("text/plain; charset=shift_jis")),
    "日本",
  ],
  ["XML", send("<a/>", typed("application/xml")), "<a/>"],
  ["a form", send("a=1", typed("application/x-www-form-urlencoded")), "a=1"],
  ["bytes", send(Buffer.from([0, 255]), typed("image/png")), "AP8="],
  ["text as bytes", send("ab", typed("text/plain")), "YWI=", { responseAs: "base64" }],
  ["gzip", send(gzipSync("text"), encoded("gzip")), "text"],
  ["deflate", send(deflateSync("text"), encoded("deflate")), "text"],
  ["Brotli", send(brotliCompressSync("text"), encoded("br")), "text"],
  ["no content", send("", {}, 204), null],
  ["a redirect that is not followed", redirect(302), null, { followRedirects: false }],
  ["an error that is wanted", send('{"e":1}', typed(json), 404), { e: 1 }, { failOnStatus: false }],
];

const after =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (request, response, count) =>
    count === 0
      ? response.writeHead(status, headers).end()
      : response.writeHead(200, typed("text/plain")).end("ok");

const JOURNEYS: readonly Read[] = [
  ...[301, 302, 303, 307, 308].map((status): Read => [
    `a redirect with ${status}`,
    redirect(status),
    "GET /new",
  ]),
  ["429 with Retry-After", after(429, { "retry-after": "0" }), "ok"],
  ["503 with Retry-After", after(503, { "retry-after": "0" }), "ok"],
  [
    "429 with a date in the past",
    after(429, { "retry-after": "Thu, 01 Jan 2026 00:00:00 GMT" }),
    "ok",
  ],
];

/** Pages of two items, five in all. `toPage` says what a page is, from its items and the next start. */
const list =
  (
    toStart: (url: URL) => number,
    toPage: (
      items: number[],
      next: number | null,
      origin: string,
    ) => readonly [unknown, Record<string, string>?],
  ): Answer =>
  (request, response) => {
    const origin = `http://${request.headers.host}`;
    const start = toStart(new URL(request.url!, origin));
    const next = start + 2 < 5 ? start + 2 : null;
    const [page, headers] = toPage([0, 1, 2, 3, 4].slice(start, start + 2), next, origin);
    sendJson(page, headers)(request, response, 0);
  };
const param =
  (name: string, fallback = 0) =>
  (url: URL): number =>
    Number(url.searchParams.get(name) ?? fallback);
const next = (start: number | null, url: (start: number) => string): string | null =>
  start === null ? null : url(start);

const LISTS: readonly (readonly [name: string, answer: Answer, options: object])[] = [
  [
    "Link, as GitHub",
    list(param("p"), (items, start, origin) => [
      items,
      start === null
        ? {}
        : { link: `<${origin}/list?p=0>; rel="prev", <${origin}/list?p=${start}>; rel="next"` },
    ]),
    { paging: "link" },
  ],
  [
    "Link, relative and without quotes",
    list(param("p"), (items, start) => [
      items,
      start === null ? {} : { link: `</list?p=${start}>;rel=next` },
    ]),
    { paging: "link" },
  ],
  [
    "next URL, as JSON:API",
    list(param("p"), (data, start, origin) => [
      { data, links: { next: next(start, (p) => `${origin}/list?p=${p}`) } },
    ]),
    { paging: "next", itemsPointer: "/data", nextPointer: "/links/next" },
  ],
  [
    "next URL, as OData",
    list(param("$skip"), (value, start) => [
      { value, ...(start === null ? {} : { "@odata.nextLink": `list?$skip=${start}` }) },
    ]),
    { paging: "next", itemsPointer: "/value", nextPointer: "/@odata.nextLink" },
  ],
  [
    "cursor, as Slack",
    list(param("cursor"), (members, start) => [
      { members, response_metadata: { next_cursor: start === null ? "" : String(start) } },
    ]),
    { paging: "cursor", itemsPointer: "/members", nextPointer: "/response_metadata/next_cursor" },
  ],
  [
    "cursor that is a number, with a name of its own",
    list(param("after"), (items, start) => [{ items, after: start }]),
    { paging: "cursor", itemsPointer: "/items", nextPointer: "/after", pageParam: "after" },
  ],
  [
    "pages from 1",
    list(
      (url) => 2 * (param("page")(url) - 1),
      (items) => [items],
    ),
    { paging: "page" },
  ],
  [
    "pages from 0, with a name of their own",
    list(
      (url) => 2 * param("p")(url),
      (items) => [items],
    ),
    { paging: "page", pageParam: "p", firstPage: 0 },
  ],
  [
    "offset",
    list(param("offset"), (items) => [{ items }]),
    { paging: "offset", itemsPointer: "/items" },
  ],
  [
    "offset, with a name of its own",
    list(param("skip"), (items) => [items]),
    { paging: "offset", pageParam: "skip" },
  ],
];

type Refused = readonly [
  name: string,
  answer: Answer,
  says: RegExp,
  options?: object,
  body?: unknown,
];

const REFUSED: readonly Refused[] = [
  ["a status", send("no such order", typed("text/plain"), 404), /404.*no such order/],
  ["a body with GET", send(""), /method is "GET"/, {}, "x"],
  ["HTML in place of JSON", send("<html>", typed(json)), /JSON.*<html>/],
  ["JSON that is cut", send('{"a":', typed(json)), /JSON/],
  ["too many bytes", send("x".repeat(100), typed("text/plain")), /maxBytes/, { maxBytes: 10 }],
  [
    "a bomb",
    send(gzipSync(Buffer.alloc(1 << 20)), encoded("gzip")),
    /maxBytes/,
    { maxBytes: 1000 },
  ],
  ["damaged gzip", send("text", encoded("gzip")), /\/list/],
  [
    "a redirect to itself",
    (_, response) => response.writeHead(302, { location: "/list" }).end(),
    /redirect/,
  ],
  [
    "a redirect to a file",
    (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    /file:/,
  ],
  ["a long wait", after(429, { "retry-after": "900" }), /maxRetryWaitMs/, { maxRetryWaitMs: 1000 }],
  ["silence", () => {}, /timeoutMs/, { timeoutMs: 50, retries: 0 }],
  ["a connection that ends", (request) => request.socket.destroy(), /\/list/, { retries: 0 }],
  [
    "a body that ends early",
    (_, response) =>
      void response.writeHead(200, { "content-length": "9" }).write("x", () => response.destroy()),
    /\/list/,
    { retries: 0 },
  ],
  [
    "no list",
    sendJson({ data: 5 }),
    /itemsPointer.*number/,
    { paging: "next", itemsPointer: "/data" },
  ],
  [
    "a list in a circle",
    sendJson({ next: "/list", d: [] }),
    /read before/,
    { paging: "next", itemsPointer: "/d", nextPointer: "/next" },
  ],
];

const toCase =
  (group: string) =>
  ([name, answer, wanted, options = {}]: Read): Case => ({
    group,
    name,
    async run() {
      const { body } = await fetchFrom(answer, options);
      return isDeepStrictEqual(body, wanted) ? null : `is ${JSON.stringify(body)}`;
    },
  });

await printScore("http-fetch", [
  ...BODIES.map(toCase("bodies")),
  ...JOURNEYS.map(toCase("redirects and retries")),
  ...LISTS.map(([name, answer, options]): Case => ({
    group: "lists",
    name,
    async run() {
      const { items } = await fetchFrom(answer, options);
      return isDeepStrictEqual(items, [0, 1, 2, 3, 4]) ? null : `is ${JSON.stringify(items)}`;
    },
  })),
  ...REFUSED.map(([name, answer, says, options = {}, body]): Case => ({
    group: "refuses",
    name,
    async run() {
      const said = await fetchFrom(answer, options, body).then(
        (output) => `gave ${JSON.stringify(output)}`,
        (error: unknown) => messageWithCauses(error as Error),
      );
      return said.startsWith("gave ") || !says.test(said) ? said : null;
    },
  })),
]);
