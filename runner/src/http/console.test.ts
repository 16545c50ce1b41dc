import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AUTHORIZED, createBackend, type Backend } from "../../test/support/scripted-backend.ts";

const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const PAGE = `<!doctype html><title>Playground</title><script type="module" src="assets/app-1a.js"></script>`;
const SCRIPT = `export default ${JSON.stringify("a line\n".repeat(500))};`;

let dir: string;
let backend: Backend;

function build(page: string): void {
  mkdirSync(join(dir, "dist", "assets"), { recursive: true });
  writeFileSync(join(dir, "dist", "assets", "app-1a.js"), SCRIPT);
  writeFileSync(join(dir, "dist", "assets", "style-2b.css"), "body{}");
  writeFileSync(join(dir, "dist", "index.html"), page);
}

async function open(settings: Parameters<typeof createBackend>[0] = {}): Promise<void> {
  await backend?.app.close();
  backend = createBackend({ consoleDir: pathToFileURL(join(dir, "dist/")), ...settings });
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "playground-console-"));
  writeFileSync(join(dir, "secret.txt"), "secret");
  return open();
});
afterEach(async () => {
  await backend.app.close();
  rmSync(dir, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = BROWSER) =>
  backend.app.inject({ url, headers });

test("a browser gets the console at / without a token, under a policy without inline code", async () => {
  build(PAGE);
  const response = await get("/");
  expect([response.statusCode, response.body]).toEqual([200, PAGE]);
  expect(response.headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    vary: "accept, accept-encoding",
    "x-content-type-options": "nosniff",
  });
  const policy = String(response.headers["content-security-policy"]).split("; ");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy.join()).not.toContain("unsafe");
});

test("a page that did not change is not sent again, and a new build is served without a restart", async () => {
  build(PAGE);
  const etag = String((await get("/")).headers.etag);
  const again = await get("/", { ...BROWSER, "if-none-match": `"x", ${etag}` });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
  expect(again.headers.etag).toBe(etag);
  rmSync(join(dir, "dist"), { recursive: true });
  expect((await get("/")).statusCode).toBe(503);
  build("another page");
  const changed = await get("/", { ...BROWSER, "if-none-match": etag });
  expect([changed.statusCode, changed.body]).toEqual([200, "another page"]);
});

test("an asset is kept by the browser forever, whatever it accepts", async () => {
  build(PAGE);
  for (const headers of [BROWSER, { accept: "*/*" }, { accept: "text/css" }]) {
    const response = await get("/assets/style-2b.css", headers);
    expect([response.statusCode, response.body]).toEqual([200, "body{}"]);
    expect(response.headers).toMatchObject({
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
    });
  }
});

test.each([
  ["br, gzip", "br"],
  ["gzip, deflate", "gzip"],
  ["GZIP;q=0.5, br;q=0", "gzip"],
  ["identity", undefined],
  ["br;q=0.0", undefined],
])("a client that accepts %s gets a script as %s", async (accepted, encoding) => {
  build(PAGE);
  const { rawPayload, headers } = await get("/assets/app-1a.js", { "accept-encoding": accepted });
  expect(headers["content-encoding"]).toBe(encoding);
  expect(headers["content-length"]).toBe(String(rawPayload.length));
  expect(headers.vary).toBe("accept-encoding");
  const plain = { br: brotliDecompressSync, gzip: gunzipSync }[encoding ?? ""];
  expect((plain?.(rawPayload) ?? rawPayload).toString()).toBe(SCRIPT);
  if (encoding !== undefined) expect(rawPayload.length).toBeLessThan(SCRIPT.length / 10);
});

test("a file that compression does not make smaller is sent as it is", async () => {
  build(PAGE);
  const response = await get("/assets/style-2b.css", { "accept-encoding": "br, gzip" });
  expect(response.headers["content-encoding"]).toBeUndefined();
  expect(response.body).toBe("body{}");
});

test.each(["/", "/assets/app-1a.js"])("HEAD %s has the headers of GET and no body", async (url) => {
  build(PAGE);
  const { headers } = await get(url);
  const head = await backend.app.inject({ method: "HEAD", url, headers: BROWSER });
  expect([head.statusCode, head.body]).toEqual([200, ""]);
  const { date: _date, ...same } = headers;
  expect(head.headers).toMatchObject(same);
});

test.each([
  "/assets/none.js",
  "/assets/",
  "/assets/..%2f..%2fsecret.txt",
  "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
  "/assets/..%5c..%5csecret.txt",
  "/assets/..%2findex.html",
  "/assets/%00",
  "/assets/__proto__",
  "/assets/constructor",
  "/assets//etc/passwd",
  "/assets/../../secret.txt",
  "/secret.txt",
])("%s is no file of the console", async (url) => {
  build(PAGE);
  const response = await get(url);
  expect([401, 404]).toContain(response.statusCode);
  expect(response.headers["content-type"]).toContain("application/problem+json");
  expect(response.body).not.toContain("secret\n");
});

test("a console that is not built says how to build it, and the API works", async () => {
  const response = await get("/");
  expect(response.statusCode).toBe(503);
  expect(response.headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(response.body).toContain("npm run build");
  expect((await get("/assets/app-1a.js")).statusCode).toBe(404);
  expect((await get("/v1/plugins", AUTHORIZED)).statusCode).toBe(200);
});

describe("under the path of PLAYGROUND_PUBLIC_URL", () => {
  const publicUrl = "https://example.com/tools/playground";

  test.each([
    ["keeps", "/tools/playground"],
    ["removes", ""],
  ])("behind a proxy that %s it, the page and its assets are there", async (_, prefix) => {
    await open({ publicUrl });
    build(PAGE);
    expect((await get(`${prefix}/`)).body).toBe(PAGE);
    expect((await get(`${prefix}/assets/app-1a.js`)).body).toBe(SCRIPT);
  });

  test("a browser that leaves out the last slash is sent to the address with it", async () => {
    await open({ publicUrl });
    build(PAGE);
    const response = await get("/tools/playground");
    expect([response.statusCode, response.headers.location]).toEqual([308, "/tools/playground/"]);
    expect((await get("/tools/playground", { accept: "*/*" })).statusCode).toBe(401);
  });
});
