/** Bodies in another charset or encoding, and empty ones. */
import { randomBytes } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  type Backend,
} from "../../test/support/scripted-backend.ts";

const LIMIT = 64 * 1024;
const JOB = JSON.stringify({ plugins: ["echo"], input: "Zürich" });

let backend: Backend;
beforeAll(() => void (backend = createBackend({ bodyLimit: LIMIT })));
afterAll(() => backend.app.close());

function submit(payload: Buffer, headers: Record<string, string>) {
  return backend.app.inject({
    method: "POST",
    url: "/v1/jobs",
    payload,
    headers: { ...AUTHORIZED, "content-type": "application/json", ...headers },
  });
}

test.each([
  ["application/json", "utf8"],
  ["application/json; charset=UTF-8", "utf8"],
  ['application/json; charset="iso-8859-1"', "latin1"],
  ["application/json;odata=verbose;charset=windows-1252", "latin1"],
  ["application/json; charset=utf-16le", "utf16le"],
] as const)("a body of type %s in %s is read by its charset", async (type, encoding) => {
  const response = await submit(Buffer.from(JOB, encoding), { "content-type": type });
  expect(response.statusCode).toBe(202);
  expect(backend.submitted.at(-1)?.input).toBe("Zürich");
});

test.each([
  ["application/json", 400, "BODY_NOT_JSON", "The body is not UTF-8: byte 30 is 0xfc."],
  ["application/json; charset=utf-8", 400, "BODY_NOT_JSON", "byte 30 is 0xfc"],
  ["application/json; charset=utf-7", 415, "CONTENT_TYPE_UNSUPPORTED", 'The charset is "utf-7"'],
  ["application/json; charset=shift_jis", 400, "BODY_NOT_JSON", "not valid shift_jis"],
])("a body in ISO-8859-1 of type %s is refused", async (type, status, code, detail) => {
  const response = await submit(Buffer.from(JOB, "latin1"), { "content-type": type });
  expect(problemOf(response)).toMatchObject({ status, code });
  expect(problemOf(response).detail).toContain(detail);
});

test("the size of a body counts as UTF-8, whatever its charset", async () => {
  const large = Buffer.from(
    JSON.stringify({ plugins: ["echo"], input: "ü".repeat(LIMIT - 99) }),
    "latin1",
  );
  const response = await submit(large, { "content-type": "application/json; charset=latin1" });
  expect(problemOf(response)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
});

test.each([
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["GZIP", gzipSync],
  ["deflate", deflateSync],
  ["identity", (body: Buffer) => body],
] as const)("a body with Content-Encoding %s is accepted", async (encoding, pack) => {
  const response = await submit(pack(Buffer.from(JOB)), { "content-encoding": encoding });
  expect(response.statusCode).toBe(202);
  expect(backend.submitted.at(-1)?.input).toBe("Zürich");
});

test.each(["br", "zstd", "gzip, gzip", "hunter2"])(
  "Content-Encoding %s is refused with the ones that are accepted",
  async (encoding) => {
    const response = await submit(brotliCompressSync(JOB), { "content-encoding": encoding });
    expect(problemOf(response)).toMatchObject({
      status: 415,
      code: "CONTENT_TYPE_UNSUPPORTED",
      detail: `Content-Encoding is "${encoding}": it must be gzip or deflate, or left out.`,
    });
    expect(response.headers["accept-encoding"]).toBe("gzip, deflate");
  },
);

test("a body that inflates beyond the body limit is refused, and the next ones are accepted", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, " "));
  for (let n = 0; n < 50; n += 1) {
    const response = await submit(bomb, { "content-encoding": "gzip" });
    expect(problemOf(response)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
  }
  expect((await submit(gzipSync(JOB), { "content-encoding": "gzip" })).statusCode).toBe(202);
});

test("a compressed body whose declared length is over the body limit is refused before it is inflated", async () => {
  const body = gzipSync(randomBytes(2 * LIMIT));
  const response = await submit(body, { "content-encoding": "gzip" });
  expect(problemOf(response)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
  expect((await submit(gzipSync(JOB), { "content-encoding": "gzip" })).statusCode).toBe(202);
});

test("what is no gzip is refused", async () => {
  const response = await submit(Buffer.from(JOB), { "content-encoding": "gzip" });
  expect(problemOf(response)).toMatchObject({ status: 400, code: "BODY_NOT_JSON" });
  expect(problemOf(response).detail).toMatch(/^The body is not valid gzip: /);
  const cut = await submit(gzipSync(JOB).subarray(0, -9), { "content-encoding": "gzip" });
  expect(problemOf(cut)).toMatchObject({ status: 400, code: "BODY_NOT_JSON" });
});

test("compressed bytes that inflate to nothing count against the body limit", async () => {
  const nothing = gzipSync("");
  const many = Buffer.concat(
    Array(Math.ceil(LIMIT / nothing.length) + 1).fill(nothing) as Buffer[],
  );
  // Without a declared length it is counted as it arrives.
  const response = await submit(many, { "content-encoding": "gzip", "content-length": "1" });
  expect(problemOf(response)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
});

test.each(["application/x-www-form-urlencoded", "text/plain", "application/json", "garbage"])(
  "an empty body of type %s is no body",
  async (type) => {
    const jobId = backend.addJob({ job: { status: "running" } });
    const response = await backend.app.inject({
      method: "POST",
      url: `/v1/jobs/${jobId}/cancel`,
      payload: "",
      headers: { ...AUTHORIZED, "content-type": type },
    });
    expect(response.statusCode).not.toBe(415);
  },
);

test("a body of another type is refused, in chunks too, and an empty one in chunks is accepted", async () => {
  const url = await backend.app.listen({ host: "127.0.0.1", port: 0 });
  const jobId = backend.addJob({ job: { status: "running" } });
  const send = (path: string, chunks: string[]) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { ...AUTHORIZED, "content-type": "text/plain" },
      body: ReadableStream.from(chunks.map((chunk) => Buffer.from(chunk))),
      duplex: "half",
    });
  expect((await send("/v1/jobs", [JOB])).status).toBe(415);
  expect((await send(`/v1/jobs/${jobId}/cancel`, [])).status).not.toBe(415);
  expect((await send("/v1/nothing", [JOB])).status).toBe(404);
});
