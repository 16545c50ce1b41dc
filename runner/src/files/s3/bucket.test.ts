/** Against a real server, whose limits test/support/s3-server.ts names. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answerError, startS3, type S3Server } from "../../../test/support/s3-server.ts";
import { createBucket, type Bucket } from "./bucket.ts";

const { signal } = new AbortController();

let server: S3Server;
let bucket: Bucket;

beforeEach(async () => {
  server = await startS3();
  bucket = createBucket(server.settings);
});
afterEach(async () => {
  await bucket.close();
  await server.close();
});

async function put(key: string, content: string): Promise<void> {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const size = Buffer.byteLength(content);
  await bucket.put(key, { sha256, size, body: Readable.from([Buffer.from(content)]) }, signal);
}

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { objects } of bucket.list(prefix)) keys.push(...objects.map(({ key }) => key));
  return keys;
}

test("an object is put under the prefix, read whole and in part, copied and removed", async () => {
  await put("ab/one", "0123456789");
  expect(await server.keys()).toEqual(["playground/ab/one"]);
  expect(await text((await bucket.get("ab/one", {}))!)).toBe("0123456789");
  const range = { start: 2, end: 4 };
  expect(await text((await bucket.get("ab/one", { range }))!)).toBe("234");
  await bucket.copy("ab/one", "ab/two");
  await bucket.remove("ab/one");
  await bucket.remove("ab/one");
  expect(await bucket.get("ab/one", {})).toBeNull();
  expect(await text((await bucket.get("ab/two", {}))!)).toBe("0123456789");
});

test("a server's hash of the body is that of the content", async () => {
  const seen: unknown[] = [];
  server.answer = (request) => {
    seen.push([request.headers["x-amz-content-sha256"], request.headers["content-length"]]);
    return false;
  };
  await put("ab/one", "hello");
  expect(seen).toEqual([[createHash("sha256").update("hello").digest("hex"), "5"]]);
});

test("a list has no objects of other prefixes", async () => {
  for (const key of ["playground/ab/1", "playground/cd/1", "playground2/ab/1", "other/ab/1"]) {
    await server.place(key, "");
  }
  expect(await keysOf("ab/")).toEqual(["ab/1"]);
  expect(await keysOf("")).toEqual(["ab/1", "cd/1"]);
});

test("a list comes in pages, whose tokens are given back as they are", async () => {
  const asked: (string | null)[] = [];
  server.answer = (request, response) => {
    const { searchParams } = new URL(request.url ?? "", server.url);
    asked.push(searchParams.get("continuation-token"));
    const page = asked.length;
    response.end(`<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>files</Name><Prefix>playground/ab/</Prefix>
  <Contents><Key>playground/ab/${page}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>
  <ETag>&quot;x&quot;</ETag><Size>${page}</Size><Owner><ID>1</ID></Owner></Contents>
  ${page < 3 ? `<IsTruncated>true</IsTruncated><NextContinuationToken>1+/&amp;=${page}</NextContinuationToken>` : "<IsTruncated>false</IsTruncated>"}
</ListBucketResult>`);
    return true;
  };
  expect(await keysOf("ab/")).toEqual(["ab/1", "ab/2", "ab/3"]);
  expect(asked).toEqual([null, "1+/&=1", "1+/&=2"]);
});

test("the list of a bucket names its objects with their sizes and times, by the clock of the server", async () => {
  await server.place("playground/ab/one", "12345", 2);
  const page = await bucket.list("ab/").next();
  if (page.done === true) throw new Error("There is no page.");
  const { objects, now } = page.value;
  expect(objects).toMatchObject([{ key: "ab/one", size: 5 }]);
  expect(Math.round((now - objects[0]!.modifiedAt) / 3_600_000)).toBe(48);
});

test.each([
  [{ secretAccessKey: "wrong" }, "SignatureDoesNotMatch"],
  [{ accessKeyId: "wrong" }, "InvalidAccessKeyId"],
])("a wrong key is refused: %o", async (settings, s3Code) => {
  const other = createBucket({ ...server.settings, ...settings });
  await expect(other.check()).rejects.toMatchObject({ s3Code, isPassing: false });
  await other.close();
});

test("a bucket that does not exist is no object that does not exist", async () => {
  const other = createBucket({ ...server.settings, url: server.url.replace("/files/", "/none/") });
  const missing = { s3Code: "NoSuchBucket", isPassing: false };
  await expect(other.check()).rejects.toMatchObject(missing);
  await expect(other.get("ab/one", {})).rejects.toMatchObject(missing);
  await other.close();
});

test("a server that is not there can be there later", async () => {
  await server.close();
  await expect(bucket.check()).rejects.toMatchObject({
    code: "CONTENTS_UNAVAILABLE",
    s3Code: "ECONNREFUSED",
    isPassing: true,
  });
  server = await startS3();
});

test.each([
  [503, "SlowDown", true],
  [500, "InternalError", true],
  [400, "RequestTimeout", true],
  [403, "AccessDenied", false],
  [400, "XAmzContentSHA256Mismatch", false],
])("status %i with %s can pass: %s", async (status, s3Code, isPassing) => {
  server.answer = answerError(status, s3Code);
  const message = expect.stringContaining(s3Code) as string;
  await expect(bucket.check()).rejects.toMatchObject({ s3Code, isPassing, message });
  await expect(put("ab/one", "x")).rejects.toMatchObject({ s3Code, isPassing });
});

test("a copy that fails after the status was sent has failed", async () => {
  await put("ab/one", "x");
  server.answer = answerError(200, "InternalError");
  await expect(bucket.copy("ab/one", "ab/two")).rejects.toMatchObject({ s3Code: "InternalError" });
});

test("a web server that is no S3 is refused", async () => {
  server.answer = (_, response) => {
    response.end("<html><body>Welcome</body></html>");
    return true;
  };
  await expect(bucket.check()).rejects.toThrow("is no S3-compatible server");
});
