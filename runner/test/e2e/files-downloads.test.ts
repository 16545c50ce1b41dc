/** Downloads from the real daemon, with a token and by links. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createFileLinks } from "../../src/engine/files/file-links.ts";
import { createSigner } from "../../src/secrets/signer.ts";
import { loadVaultKey } from "../../src/secrets/vault.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createFileRequests, follow, type FileRequests } from "../support/file-requests.ts";

const RETENTION_MS = 7 * 24 * 60 * 60_000;

let daemon: Daemon;
let files: FileRequests;

beforeAll(async () => {
  daemon = await startDaemon();
  files = createFileRequests(daemon);
});
afterAll(() => daemon.close());

describe("a download", () => {
  const TEXT = "0123456789";
  let path: string;
  let etag: string;
  beforeAll(async () => {
    const file = await files.upload(TEXT, "digits.txt");
    path = `/v1/files/${file.fileId}/content`;
    etag = `"${file.sha256}"`;
  });
  const get = (headers: Record<string, string>, method = "GET"): Promise<Response> =>
    daemon.request(path, { method, headers });

  test.each([
    ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
    ["bytes=4-", 206, "456789", "bytes 4-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=8-100", 206, "89", "bytes 8-9/10"],
    ["bytes=-100", 206, TEXT, "bytes 0-9/10"],
    ["bytes=0-1,4-5", 200, TEXT, null],
    ["bytes=5-2", 200, TEXT, null],
    ["lines=0-3", 200, TEXT, null],
    ["bytes=10-", 416, null, "bytes */10"],
    ["bytes=-0", 416, null, "bytes */10"],
  ])("of the range %s has the status %d", async (range, status, text, contentRange) => {
    const response = await get({ range });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-range")).toBe(contentRange);
    if (text === null)
      expect(await response.json()).toMatchObject({ code: "RANGE_NOT_SATISFIABLE" });
    else expect(await response.text()).toBe(text);
  });

  test("is not sent again to a client that has it", async () => {
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await get({ "if-none-match": known });
      expect([known, response.status, await response.text()]).toEqual([known, 304, ""]);
      expect(response.headers.get("etag")).toBe(etag);
    }
    expect((await get({ "if-none-match": '"other"' })).status).toBe(200);
  });

  test("of a range is whole when the content is not what the client has a part of", async () => {
    expect((await get({ range: "bytes=0-3", "if-range": etag })).status).toBe(206);
    expect((await get({ range: "bytes=0-3", "if-range": '"other"' })).status).toBe(200);
    const date = new Date().toUTCString();
    expect((await get({ range: "bytes=0-3", "if-range": date })).status).toBe(200);
  });

  test("by HEAD has the headers and no content", async () => {
    const response = await get({}, "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("10");
    expect(response.headers.get("etag")).toBe(etag);
    expect(await response.text()).toBe("");
    const part = await get({ range: "bytes=0-3" }, "HEAD");
    expect([part.status, part.headers.get("content-length")]).toEqual([206, "4"]);
  });

  test("of a page is saved by a browser, and nothing in it can run", async () => {
    const html = "<script>fetch('/v1/tokens')</script>";
    const file = await files.upload(html, "page.html", "text/html");
    const { headers } = await daemon.request(`/v1/files/${file.fileId}/content`);
    expect(headers.get("content-disposition")).toMatch(/^attachment;/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
  });

  test.each([
    ["../../etc/passwd", "__.._etc_passwd", "__.._etc_passwd"],
    ["C:\\Windows\\system.ini", "C:_Windows_system.ini", "C%3A_Windows_system.ini"],
    ['a"; filename="b.html', "a_; filename=_b.html", "a%22%3B%20filename%3D%22b.html"],
    ["naïve (1)'.txt", "na_ve (1)'.txt", "na%C3%AFve%20%281%29%27.txt"],
    ["данные.csv", "______.csv", "%D0%B4%D0%B0%D0%BD%D0%BD%D1%8B%D0%B5.csv"],
    [".htaccess", "_htaccess", "_htaccess"],
  ])("of a file named %j has a name without a path", async (name, ascii, utf8) => {
    const file = await files.upload("x", name);
    expect(file.name).toBe(name);
    const { headers } = await daemon.request(`/v1/files/${file.fileId}/content`);
    expect(headers.get("content-disposition")).toBe(
      `attachment; filename="${ascii}"; filename*=UTF-8''${utf8}`,
    );
  });

  test.each(["file_0", "file_01k9zr00000000000000000000", "..%2f..%2ftoken", "ff"])(
    "of the unknown file %s is a 404",
    async (id) => {
      const response = await daemon.request(`/v1/files/${id}/content`);
      expect(response.status).toBe(404);
    },
  );
});

describe("a link", () => {
  test("works without a token, also for a part, until it expires", async () => {
    const file = await files.upload("linked");
    expect(new URL(file.url).origin).toBe(daemon.url);
    expect(await (await follow(file.url)).text()).toBe("linked");
    expect(await (await follow(file.url, { range: "bytes=0-1" })).text()).toBe("li");
    const exp = Number(new URL(file.url).searchParams.get("exp"));
    const days = (exp * 1000 - Date.now()) / (24 * 60 * 60_000);
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7.1);
  });

  test("that was changed does not work", async () => {
    const [file, other] = [await files.upload("mine"), await files.upload("not mine")];
    const changes: ((url: URL) => void)[] = [
      (url) => url.searchParams.set("exp", String(Number(url.searchParams.get("exp")) + 1)),
      (url) => url.searchParams.set("exp", "0"),
      (url) => url.searchParams.delete("exp"),
      (url) => url.searchParams.set("sig", "A".repeat(43)),
      (url) => url.searchParams.set("sig", ""),
      (url) => (url.pathname = `/v1/files/${other.fileId}/content`),
    ];
    for (const change of changes) {
      const url = new URL(file.url);
      change(url);
      const response = await follow(url.href);
      expect.soft([url.search, response.status]).toEqual([url.search, 403]);
      expect(await response.json()).toMatchObject({ code: "LINK_INVALID" });
    }
  });

  test("opens nothing but the content", async () => {
    const file = await files.upload("only this");
    const { search } = new URL(file.url);
    for (const path of [`/v1/files/${file.fileId}`, "/v1/files", "/v1/jobs"]) {
      expect.soft((await follow(daemon.url + path + search)).status).toBe(401);
    }
    const response = await fetch(file.url, { method: "DELETE" });
    expect(response.status).toBe(401);
  });

  test("that has expired does not work, although its signature is right", async () => {
    const { fileId } = await files.upload("too late");
    const key = await loadVaultKey(daemon.dataDir, undefined);
    const links = createFileLinks({
      signer: createSigner(key, "links to files"),
      clock: { now: () => Date.now() - 2 * RETENTION_MS },
      fileUrl: (id) => `${daemon.url}/v1/files/${id}/content`,
      retentionMs: RETENTION_MS,
    });
    const response = await follow(links.url(fileId));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: "LINK_INVALID",
      detail: expect.stringMatching(/^The link expired at 20.*Z\. GET \/v1\/files\//) as string,
    });
  });
});

test("links are not in the log, whatever happens to their requests", async () => {
  const logging = await startDaemon({ env: { PLAYGROUND_LOG_LEVEL: "debug" } });
  onTestFinished(() => logging.close());
  const requests = createFileRequests(logging);
  const file = await requests.upload(Buffer.alloc(50_000_000));
  const { pathname, search, searchParams } = new URL(file.url);
  await follow(`${file.url}x`);
  const withToken = await logging.request(`/v1/files/file_0/content${search}`);
  expect(withToken.status).toBe(404);
  const cut = await follow(file.url);
  await cut.body?.cancel();
  await rm(join(logging.dataDir, "artifacts", file.sha256.slice(0, 2), file.sha256));
  expect((await follow(file.url)).status).toBe(404);
  await logging.end("SIGTERM");
  const log = logging.output();
  for (const line of ["LINK_INVALID", "FILE_NOT_FOUND", "file.content-missing"]) {
    expect(log).toContain(line);
  }
  for (const secret of [searchParams.get("sig")!, searchParams.get("exp")!, pathname]) {
    expect(log).not.toContain(secret);
  }
});
