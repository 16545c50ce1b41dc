/** Uploads to the real daemon. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createFileRequests, sha256, type FileRequests } from "../support/file-requests.ts";

const LIMITS = { PLAYGROUND_FILE_LIMIT: "2000000", PLAYGROUND_FILES_LIMIT: "20000000" };

let daemon: Daemon;
let files: FileRequests;

beforeAll(async () => {
  daemon = await startDaemon({ env: LIMITS });
  files = createFileRequests(daemon);
});
afterAll(() => daemon.close());

describe("an upload", () => {
  test("is stored under its hash, and is downloaded as it was", async () => {
    const bytes = randomBytes(300_000);
    const file = await files.upload(bytes, "noise.bin", "application/x-noise");
    expect(file).toMatchObject({
      fileId: expect.stringMatching(/^file_[0-9a-z]{26}$/) as string,
      name: "noise.bin",
      type: "application/x-noise",
      size: 300_000,
      sha256: sha256(bytes),
      jobId: null,
    });
    expect(Date.parse(file.expiresAt) - Date.parse(file.createdAt)).toBe(7 * 24 * 60 * 60_000);
    const path = join(daemon.dataDir, "artifacts", file.sha256.slice(0, 2), file.sha256);
    expect(bytes.equals(await readFile(path))).toBe(true);
    const response = await daemon.request(`/v1/files/${file.fileId}/content`);
    expect(response.headers.get("content-type")).toBe("application/x-noise");
    expect(response.headers.get("content-length")).toBe("300000");
    expect(bytes.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
    expect(await daemon.get(`/v1/files/${file.fileId}`)).toMatchObject({ name: "noise.bin" });
  });

  test("of JSON, of nothing and without a type is a file like any other", async () => {
    expect(await files.upload("{not json", "a.json", "application/json")).toMatchObject({
      size: 9,
    });
    expect(await files.upload("", "empty")).toMatchObject({ size: 0, sha256: sha256("") });
    const response = await files.put(Buffer.from("x"));
    expect(await response.json()).toMatchObject({ name: "file", type: "application/octet-stream" });
  });

  test("of the same content shares its bytes", async () => {
    const [one, two] = [
      await files.upload("the same", "one"),
      await files.upload("the same", "two"),
    ];
    expect(one.fileId).not.toBe(two.fileId);
    expect((await files.contents()).filter((name) => name === one.sha256)).toHaveLength(1);
    await daemon.request(`/v1/files/${one.fileId}`, { method: "DELETE" });
    expect(await (await daemon.request(`/v1/files/${two.fileId}/content`)).text()).toBe("the same");
    expect((await daemon.request(`/v1/files/${one.fileId}`)).status).toBe(404);
  });

  test("can be kept beyond the retention period", async () => {
    const response = await files.put("kept", "?keep=true");
    expect(await response.json()).toMatchObject({ expiresAt: null });
  });

  test.each([
    ["content-digest", `sha-256=:${Buffer.from(sha256("abc"), "hex").toString("base64")}:`],
    [
      "repr-digest",
      `sha-512=:AAAA:, sha-256=:${Buffer.from(sha256("abc"), "hex").toString("base64")}:`,
    ],
    ["digest", `SHA-256=${Buffer.from(sha256("abc"), "hex").toString("base64")}`],
  ])("with the header %s must have that digest", async (header, value) => {
    expect((await files.put("abc", "", { [header]: value })).status).toBe(201);
    const refused = await files.put("abd", "", { [header]: value });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await files.contents()).not.toContain(sha256("abd"));
    expect((await files.put("abc", "", { [header]: "sha-256=:short:" })).status).toBe(400);
  });

  test("over the limit is refused, whether its size was declared or not", async () => {
    const before = (await files.contents()).length;
    const declared = await files.put(Buffer.alloc(2_000_001));
    expect(declared.status).toBe(413);
    expect(await declared.json()).toMatchObject({
      code: "FILE_TOO_LARGE",
      detail: expect.stringMatching(
        /2000001 bytes.*at most 2000000.*PLAYGROUND_FILE_LIMIT/,
      ) as string,
    });
    async function* chunks() {
      for (let n = 0; n < 30; n += 1) yield Buffer.alloc(100_000, n);
    }
    const chunked = await daemon.request("/v1/files", {
      method: "PUT",
      body: ReadableStream.from(chunks()),
      duplex: "half",
    });
    expect(chunked.status).toBe(413);
    expect((await files.contents()).length).toBe(before);
  });

  test("is refused when all files together would be over their limit", async () => {
    const stored = [];
    for (let n = 0; n < 12; n += 1) {
      const response = await files.put(Buffer.alloc(1_900_000, n));
      if (response.status === 507) {
        expect(await response.json()).toMatchObject({
          code: "FILES_FULL",
          detail: expect.stringContaining("PLAYGROUND_FILES_LIMIT") as string,
        });
        break;
      }
      stored.push(await response.json());
    }
    expect(stored.length).toBeLessThan(12);
    expect(stored.length).toBeGreaterThan(7);
    for (const file of stored as { fileId: string }[]) {
      await daemon.request(`/v1/files/${file.fileId}`, { method: "DELETE" });
    }
  });

  test.each([
    ["a form", { "content-type": "multipart/form-data; boundary=x" }, "", 415, "upload-file"],
    ["a compressed body", { "content-encoding": "gzip" }, "", 415, "Content-Encoding"],
    ["a line break in the name", {}, "?name=a%0ab", 400, "/name"],
    ["an empty name", {}, "?name=", 400, "/name"],
    ["an unknown field", {}, "?nmae=x", 400, "nmae"],
  ])("with %s is refused with what would be right", async (...[, headers, query, status, text]) => {
    const response = await files.put("x", query, headers);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
  });

  test("whose client disconnects leaves nothing", async () => {
    const before = await files.contents();
    const { hostname, port } = new URL(daemon.url);
    const request = httpRequest({
      hostname,
      port,
      method: "PUT",
      path: "/v1/files",
      headers: { authorization: `Bearer ${daemon.token}`, "content-length": 1_000_000 },
    });
    request.on("error", () => {});
    request.write(Buffer.alloc(400_000));
    await expect
      .poll(async () => (await files.contents()).some((name) => name.endsWith(".part")))
      .toBe(true);
    request.destroy();
    await expect.poll(() => files.contents()).toEqual(before);
  });

  test("needs the scope run, and its deletion admin", async () => {
    const tokenOf = async (scope: string): Promise<string> =>
      (await daemon.post("/v1/tokens", { name: `files-${scope}`, scope })).token as string;
    const [read, runs] = [await tokenOf("read"), await tokenOf("run")];
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    expect((await files.put("x", "", as(read))).status).toBe(403);
    const file = await (await files.put("x", "", as(runs))).json();
    const path = `/v1/files/${(file as { fileId: string }).fileId}`;
    expect((await daemon.request(`${path}/content`, { headers: as(read) })).status).toBe(200);
    expect((await daemon.request(path, { method: "DELETE", headers: as(runs) })).status).toBe(403);
    expect((await fetch(`${daemon.url}${path}/content`)).status).toBe(401);
  });
});

test("the operator's folder is left alone", async () => {
  const folder = join(daemon.dataDir, "files");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "a".repeat(64)), "the operator's");
  const file = await files.upload("not there");
  expect(await readdir(folder)).toEqual(["a".repeat(64)]);
  expect(file.size).toBe(9);
});
