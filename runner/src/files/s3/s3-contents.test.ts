/** Against a real server, whose limits test/support/s3-server.ts names. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answerError, startS3, type S3Server } from "../../../test/support/s3-server.ts";
import { until } from "../../../test/support/until.ts";
import { createLocalContents } from "../local-contents.ts";
import { createBucket } from "./bucket.ts";
import { createS3Contents, type S3Contents } from "./s3-contents.ts";

const DAY_MS = 24 * 60 * 60_000;
const NO_LIMIT = { check: (): void => undefined };
const { signal } = new AbortController();

let server: S3Server;
let root: string;
let one: DaemonContents;
let two: DaemonContents;

type DaemonContents = ReturnType<typeof open>;

const REPEAT_FOR = { requestMs: 500, bringMs: 500, shareMs: 500 };

/** As a daemon has it, with a folder of its own. */
function open(name: string, repeatFor = REPEAT_FOR, database = "database") {
  const folder = join(root, name);
  const local = createLocalContents(folder);
  const bucket = createBucket(server.settings);
  const contents: S3Contents = createS3Contents({
    bucket,
    local,
    databaseId: async () => database,
    repeatFor,
  });
  return { folder, local, contents };
}

beforeEach(async () => {
  server = await startS3();
  root = await mkdtemp(join(tmpdir(), "s3-contents-"));
  [one, two] = [open("one"), open("two")];
  for (const { contents } of [one, two]) await contents.own();
  server.requests.length = 0;
});
afterEach(async () => {
  await one.contents.close();
  await two.contents.close();
  await server.close();
  await rm(root, { recursive: true });
});

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

function contentOf(content: string): { sha256: string; size: number; key: string } {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const key = `playground/${sha256.slice(0, 2)}/${sha256}`;
  return { sha256, size: Buffer.byteLength(content), key };
}

const namesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

const requestsOf = (method: string): string[] =>
  server.requests.filter((request) => request.startsWith(method));

test("what one daemon writes, another one brings and reads", async () => {
  const written = await one.contents.write(chunksOf("shared ", "content"), NO_LIMIT);
  expect(await server.keys()).toEqual([contentOf("shared content").key]);
  await two.contents.shared.bring([written], signal);
  expect(readFileSync(two.local.pathOf(written.sha256), "utf8")).toBe("shared content");
});

test("what a plugin wrote into the folder is shared", async () => {
  const written = await one.local.write(chunksOf("by a plugin"), NO_LIMIT);
  await one.contents.shared.share([written], signal);
  expect(await text((await two.contents.read(written.sha256))!)).toBe("by a plugin");
  expect(namesIn(two.folder)).toEqual([]);
});

test("an empty content is shared, too", async () => {
  const written = await one.contents.write(chunksOf(), NO_LIMIT);
  await two.contents.shared.bring([written], signal);
  expect(await text((await two.contents.read(written.sha256))!)).toBe("");
});

test("what is in the folder is not fetched, and what several wait for is fetched once", async () => {
  const written = await one.contents.write(chunksOf("once"), NO_LIMIT);
  await one.contents.shared.bring([written], signal);
  expect(requestsOf("GET")).toEqual([]);
  await Promise.all([1, 2, 3].map(() => two.contents.shared.bring([written], signal)));
  expect(requestsOf("GET")).toHaveLength(1);
});

test("a copy in the folder that is cut off is fetched again", async () => {
  const written = await one.contents.write(chunksOf("whole"), NO_LIMIT);
  const path = two.local.pathOf(written.sha256);
  await two.contents.shared.bring([written], signal);
  rmSync(path);
  await writeFile(path, "who");
  await two.contents.shared.bring([written], signal);
  expect(readFileSync(path, "utf8")).toBe("whole");
});

test("a step that is cancelled does not wait for its contents, and others still get them", async () => {
  const written = await one.contents.write(chunksOf("slow"), NO_LIMIT);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  server.answer = (request) => {
    if (request.method === "GET") request.pause();
    return false;
  };
  server.beforeEnd = () => held;
  const cancel = new AbortController();
  const cancelled = two.contents.shared.bring([written], cancel.signal);
  const other = two.contents.shared.bring([written], signal);
  cancel.abort(new Error("cancelled"));
  await expect(cancelled).rejects.toThrow("cancelled");
  release();
  await other;
  expect(namesIn(two.folder)).toEqual([written.sha256]);
});

test("a step that was cancelled before leaves no fetch whose failure ends the daemon", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  server.answer = answerError(403, "AccessDenied");
  const cancelled = AbortSignal.abort(new Error("cancelled"));
  const bringing = two.contents.shared.bring([contentOf("x")], cancelled);
  await expect(bringing).rejects.toThrow("cancelled");
  await until("the fetch to be refused", async () => requestsOf("GET").length === 1);
  // Answered after the first.
  await expect(two.contents.shared.bring([contentOf("y")], signal)).rejects.toThrow("AccessDenied");
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled).toEqual([]);
});

test.each([
  ["other bytes", "shared CONTENT", "is damaged"],
  ["more bytes", "shared content, and more", "is damaged"],
  ["fewer bytes", "shared", "is damaged"],
])("an object with %s is refused", async (_, stored, message) => {
  const written = await one.contents.write(chunksOf("shared content"), NO_LIMIT);
  await server.place(contentOf("shared content").key, stored);
  await expect(two.contents.shared.bring([written], signal)).rejects.toThrow(message);
  expect(namesIn(two.folder)).toEqual([]);
  const reading = two.contents.read(written.sha256).then((stream) => buffer(stream as never));
  await expect(reading).rejects.toThrow("is damaged");
});

test("a content that is nowhere is named", async () => {
  const content = contentOf("nowhere");
  await expect(two.contents.shared.bring([content], signal)).rejects.toThrow(
    `The content ${content.sha256} is neither in the bucket nor on this daemon's disk.`,
  );
  expect(await two.contents.read(content.sha256)).toBeNull();
});

test("a part of a content is read from the folder and from the bucket", async () => {
  const { sha256 } = await one.contents.write(chunksOf("0123456789"), NO_LIMIT);
  for (const { contents } of [one, two]) {
    expect(await text((await contents.read(sha256, { start: 3, end: 5 }))!)).toBe("345");
  }
});

describe("a bucket that fails", () => {
  test("for a moment is asked again", async () => {
    const patient = open("one", { requestMs: 20_000, bringMs: 20_000, shareMs: 20_000 });
    let left = 2;
    server.answer = (...args) => {
      if (left === 0) return false;
      left -= 1;
      return answerError(503, "SlowDown")(...args);
    };
    const written = await patient.contents.write(chunksOf("again"), NO_LIMIT);
    expect(await server.keys()).toHaveLength(1);
    rmSync(one.local.pathOf(written.sha256));
    left = 1;
    await patient.contents.shared.bring([written], signal);
    left = 1;
    await patient.contents.shared.share([written], signal);
    expect(left).toBe(0);
    await patient.contents.close();
  });

  test("for long leaves an upload without a success", async () => {
    server.answer = answerError(503, "SlowDown");
    const unavailable = { code: "CONTENTS_UNAVAILABLE" };
    await expect(one.contents.write(chunksOf("x"), NO_LIMIT)).rejects.toMatchObject(unavailable);
    await expect(one.contents.read(contentOf("y").sha256)).rejects.toMatchObject(unavailable);
    const content = contentOf("z");
    await expect(one.contents.shared.bring([content], signal)).rejects.toMatchObject(unavailable);
  });

  test("because of its settings is not asked again", async () => {
    server.answer = answerError(403, "AccessDenied");
    await expect(one.contents.write(chunksOf("x"), NO_LIMIT)).rejects.toMatchObject({
      s3Code: "AccessDenied",
    });
    expect(requestsOf("PUT")).toHaveLength(1);
  });

  test("in the middle of a content is asked again", async () => {
    const written = await one.contents.write(chunksOf("x".repeat(100_000)), NO_LIMIT);
    let isCutOff = false;
    server.answer = (request, response) => {
      if (request.method !== "GET" || isCutOff) return false;
      isCutOff = true;
      response.writeHead(200, { "content-length": "100000" });
      response.write("x".repeat(50_000), () => response.destroy());
      return true;
    };
    await two.contents.shared.bring([written], signal);
    expect(isCutOff).toBe(true);
    expect(namesIn(two.folder)).toEqual([written.sha256]);
  });
});

describe("a sweep", () => {
  /** All groups of the bucket. */
  async function sweep(used: readonly { sha256: string }[] = [], of = one): Promise<number> {
    let removed = 0;
    for (const group of await of.contents.groups()) {
      if (!group.startsWith("bucket:")) continue;
      const swept = await of.contents.sweep(group, {
        writtenBefore: Date.now(),
        used: async (asked) => {
          const all = new Set(used.map(({ sha256 }) => sha256));
          return new Set(asked.filter((sha256) => all.has(sha256)));
        },
      });
      removed += swept.removed;
    }
    return removed;
  }

  async function place(content: string, days: number, suffix = ""): Promise<string> {
    const key = `${contentOf(content).key}${suffix}`;
    await server.place(key, content, days);
    return key;
  }

  test("removes an old content that no file has in two steps, a day apart, and no other", async () => {
    const [unused, used, fresh] = [
      await place("unused", 2),
      await place("used", 2),
      await place("fresh", 0.5),
    ];
    const left = [used, fresh].toSorted();
    expect(await sweep([contentOf("used")])).toBe(0);
    expect(await server.keys()).toEqual([...left, `${unused}.unused`].toSorted());
    await sweep([contentOf("used")]);
    expect(await server.keys()).toEqual([...left, `${unused}.unused`].toSorted());
    await server.makeOld(`${unused}.unused`, 1.1);
    expect(await sweep([contentOf("used")])).toBe(1);
    expect(await server.keys()).toEqual(left);
  });

  test("never removes what it does not know", async () => {
    const { sha256, key } = contentOf("x");
    const foreign = [
      `playground/${sha256}`,
      `playground/notes.txt`,
      `playground/${sha256.slice(0, 2)}/${sha256.toUpperCase()}`,
      `playground/${sha256.slice(0, 2)}/${sha256}.txt`,
      `playground/${sha256.slice(0, 2)}/${"0".repeat(63)}`,
      `playground/${sha256.slice(0, 2) === "00" ? "11" : "00"}/${sha256}`,
      `other/${key}`,
      key.slice("playground/".length),
      `playground2/${sha256.slice(0, 2)}/${sha256}`,
    ];
    for (const each of foreign) await server.place(each, "foreign", 10);
    expect(await sweep()).toBe(0);
    expect(await server.keys()).toEqual(foreign.toSorted());
  });

  test("loses no content that is written again while it is being removed", async () => {
    const key = await place("again", 2);
    const { contents } = two;
    await contents.write(chunksOf("again"), NO_LIMIT);
    await server.makeOld(key, 2);
    await sweep();
    // The other daemon's row is stored only now.
    const used = [contentOf("again")];
    rmSync(two.local.pathOf(used[0]!.sha256));
    expect(await text((await contents.read(used[0]!.sha256))!)).toBe("again");
    await contents.shared.bring(used, signal);
    await server.makeOld(`${key}.unused`, 2);
    expect(await sweep(used)).toBe(0);
    expect(await server.keys()).toEqual([key]);
  });

  test("puts into the bucket what only the folder has, if a file has it", async () => {
    const kept = await one.local.write(chunksOf("from before"), NO_LIMIT);
    await one.local.write(chunksOf("of no file"), NO_LIMIT);
    await sweep([kept]);
    expect(await server.keys()).toEqual([contentOf("from before").key]);
  });

  test("drops copies from the folder that nobody used for a day, if the bucket has them", async () => {
    const [old, fresh, cut] = [
      await one.contents.write(chunksOf("old"), NO_LIMIT),
      await one.contents.write(chunksOf("fresh"), NO_LIMIT),
      await one.contents.write(chunksOf("cut off"), NO_LIMIT),
    ];
    await server.place(contentOf("cut off").key, "cut");
    const before = (Date.now() - 1.1 * DAY_MS) / 1000;
    for (const { sha256 } of [old, cut]) utimesSync(one.local.pathOf(sha256), before, before);
    await sweep([old, fresh, cut]);
    expect(namesIn(one.folder).toSorted()).toEqual([fresh.sha256, cut.sha256].toSorted());
    await one.contents.shared.bring([old], signal);
    await sweep([old, fresh, cut]);
    expect(namesIn(one.folder)).toContain(old.sha256);
  });

  test("goes on after what the sweep of another daemon has just moved or removed", async () => {
    const contents = ["a", "b", "c"];
    for (const content of contents) await place(content, 2);
    const back = await place("back", 2, ".unused");
    const gone = await place("gone", 2, ".unused");
    const taken = [contentOf("a").key, back, gone];
    server.answer = (request, response) => {
      const source = request.headers["x-amz-copy-source"] ?? request.url;
      const isTaken = taken.some((key) => source === `/files/${key}`);
      return isTaken && answerError(404, "NoSuchKey")(request, response);
    };
    expect(await sweep([contentOf("back")])).toBe(0);
    const moved = ["b", "c"].map((content) => `${contentOf(content).key}.unused`);
    expect(await server.keys()).toEqual([...taken, ...moved].toSorted());
  });

  test("does not go on in a bucket that is gone", async () => {
    await place("unused", 2);
    server.answer = (request, response) =>
      request.method === "PUT" && answerError(404, "NoSuchBucket")(request, response);
    await expect(sweep()).rejects.toMatchObject({ s3Code: "NoSuchBucket" });
  });

  test("ends when the daemon stops", async () => {
    await place("unused", 2);
    const stop = new AbortController();
    stop.abort(new Error("stopping"));
    const swept = one.contents.sweep(`bucket:${contentOf("unused").sha256[0]}`, {
      writtenBefore: Date.now(),
      used: async () => new Set(),
      signal: stop.signal,
    });
    await expect(swept).rejects.toThrow("stopping");
    expect(await server.keys()).toHaveLength(1);
  });
});

describe("a bucket of another database", () => {
  let other: DaemonContents;
  beforeEach(() => void (other = open("other", REPEAT_FOR, "other database")));
  afterEach(() => other.contents.close());

  const refused = {
    s3Code: "OtherOwner",
    isPassing: false,
    message: expect.stringContaining('as the object "playground/owner" says') as string,
  };

  test("is not owned, written or swept", async () => {
    const { sha256, key } = contentOf("of one");
    await server.place(key, "of one", 2);
    await server.place(`${key}.unused`, "of one", 2);
    await expect(other.contents.own()).rejects.toMatchObject(refused);
    await expect(other.contents.write(chunksOf("x"), NO_LIMIT)).rejects.toMatchObject(refused);
    await expect(other.contents.shared.share([contentOf("x")], signal)).rejects.toMatchObject(
      refused,
    );
    const request = { writtenBefore: Date.now(), used: async () => new Set<string>() };
    const swept = other.contents.sweep(`bucket:${sha256[0]}`, request);
    await expect(swept).rejects.toMatchObject(refused);
    expect(await server.keys()).toEqual([key, `${key}.unused`]);
  });

  test("that became one since the start is not swept, nor written from then on", async () => {
    const { sha256, key } = contentOf("of other");
    await server.place("playground/owner", "other database");
    await server.place(key, "of other", 2);
    const request = { writtenBefore: Date.now(), used: async () => new Set<string>() };
    const swept = one.contents.sweep(`bucket:${sha256[0]}`, request);
    await expect(swept).rejects.toMatchObject(refused);
    await expect(one.contents.write(chunksOf("x"), NO_LIMIT)).rejects.toMatchObject(refused);
    expect(await server.keys()).toEqual([key]);
  });

  test("that belongs to nobody is taken by the first write, and asked for once", async () => {
    await server.remove("playground/owner");
    const { contents } = other;
    for (const content of ["x", "y"]) await contents.write(chunksOf(content), NO_LIMIT);
    expect(requestsOf("PUT")).toHaveLength(3);
    await expect(one.contents.own()).rejects.toMatchObject(refused);
    await contents.own();
  });
});

test.each([
  ["was quicker", 412, "PreconditionFailed"],
  ["is just as quick", 409, "ConditionalRequestConflict"],
])("a daemon of another database that %s gets the bucket", async (_, status, code) => {
  await server.remove("playground/owner");
  server.answer = (request, response) => {
    if (request.headers["if-none-match"] !== "*") return false;
    void server
      .place("playground/owner", "other database")
      .then(() => answerError(status, code)(request, response));
    return true;
  };
  await expect(one.contents.own()).rejects.toMatchObject({ s3Code: "OtherOwner" });
});

test("a server that does not know conditions still gets an owner", async () => {
  await server.remove("playground/owner");
  server.answer = (request, response) =>
    request.headers["if-none-match"] === "*" &&
    answerError(501, "NotImplemented")(request, response);
  await one.contents.own();
  await two.contents.own();
});
