/** Hostile JSON: what the daemon does with it, and that the daemon keeps running. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";

const WAIT = { prefer: "wait=30" };
const MIB = 1024 * 1024;

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      echo: "(input) => input",
      polluted: "() => ({ found: [({}).polluted, [].polluted, Object.polluted] })",
    },
    env: { PLAYGROUND_THREADS: "1", PLAYGROUND_BODY_LIMIT: String(4 * MIB) },
  });
});
afterAll(() => daemon.close());

async function submit(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const answer = await daemon.request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe("prototype pollution:", () => {
  test.each([
    ["__proto__ in the input", '{"plugins":["echo"],"input":{"__proto__":{"polluted":1}}}'],
    [
      "__proto__ deep in the metadata",
      '{"plugins":["echo"],"metadata":{"a":[{"__proto__":{"polluted":1}}]}}',
    ],
    ["__proto__ of the body", '{"plugins":["echo"],"__proto__":{"polluted":1}}'],
    ["an escaped __proto__", '{"plugins":["echo"],"input":{"\\u005f_proto__":{"polluted":1}}}'],
    [
      "constructor.prototype",
      '{"plugins":["echo"],"input":{"constructor":{"prototype":{"polluted":1}}}}',
    ],
    [
      "__proto__ as a header of a webhook",
      '{"plugins":["echo"],"webhook":{"url":"http://127.0.0.1:1/","headers":{"__proto__":{"polluted":"1"}}}}',
    ],
    [
      "__proto__ in a plugin's options",
      '{"plugins":[{"name":"echo","options":{"__proto__":{"polluted":1}}}]}',
    ],
  ])("%s is refused", async (_, body) => {
    const { status, body: problem } = await submit(body);
    expect([status, problem["code"]]).toEqual([400, "BODY_INVALID"]);
    expect(problem["detail"]).toContain("__proto__");
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "no plugin and no job has the name %s",
    async (name) => {
      const { body } = await submit(JSON.stringify({ plugins: [name] }));
      expect(["PLUGIN_NOT_FOUND", "BODY_INVALID"]).toContain(body["code"]);
      expect((await daemon.request(`/v1/plugins/${name}`)).status).toBe(404);
      expect((await daemon.request(`/v1/jobs/${name}`)).status).toBe(404);
      expect((await daemon.request(`/v1/jobs?${name}[polluted]=1&${name}=1`)).status).toBe(400);
    },
  );

  test("keys that only look similar are data and are returned unchanged", async () => {
    const input = { constructor: "x", prototype: { toString: 1 }, hasOwnProperty: null };
    const { body } = await submit(
      JSON.stringify({ plugins: ["echo"], input, metadata: input }),
      WAIT,
    );
    expect(body).toMatchObject({ status: "completed", output: input, metadata: input });
  });

  test("the thread that runs the next job is not affected", async () => {
    const expression =
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}';
    await submit(
      JSON.stringify({ plugins: ["json-query"], input: { data: {}, expression } }),
      WAIT,
    );
    const { body } = await submit('{"plugins":["polluted"]}', WAIT);
    expect(body).toMatchObject({ output: { found: [null, null, null] } });
  });
});

describe("JSON bombs:", () => {
  const nested = (open: string, close: string, levels: number): string =>
    `{"plugins":["echo"],"input":${open.repeat(levels)}0${close.repeat(levels)}}`;

  test.each([
    ["501 nested arrays", nested("[", "]", 501)],
    ["100,000 nested arrays", nested("[", "]", 100_000)],
    ["100,000 nested objects", nested('{"a":', "}", 100_000)],
    [
      "a million arrays that are never closed",
      `{"plugins":["echo"],"input":${"[".repeat(1_000_000)}`,
    ],
  ])("%s are refused", async (_, body) => {
    const { status, body: problem } = await submit(body);
    expect([status, problem["code"]]).toEqual([400, "BODY_INVALID"]);
    expect(problem["detail"]).toContain("500 levels");
  });

  test("brackets in a string do not count as levels", async () => {
    const input = "[{".repeat(10_000);
    const { body } = await submit(JSON.stringify({ plugins: ["echo"], input }), WAIT);
    expect(body).toMatchObject({ status: "completed", output: input });
  });

  test("300,000 keys and a number of 100,000 digits are accepted", async () => {
    const keys = Array.from({ length: 300_000 }, (_, n) => `"${n}":0`).join(",");
    const many = await submit(`{"plugins":["echo"],"input":{${keys}}}`, WAIT);
    expect(many.body["status"]).toBe("completed");
    const long = await submit(`{"plugins":["echo"],"input":${"9".repeat(100_000)}}`, WAIT);
    // The number is stored as it was sent. A plugin gets infinity, which JSON has no number for.
    expect(long.body).toMatchObject({ status: "failed", errorCode: "OUTPUT_NOT_SERIALIZABLE" });
  });

  test("a body over the limit is refused", async () => {
    const { status, body } = await submit(JSON.stringify("x".repeat(4 * MIB)));
    expect([status, body["code"]]).toEqual([413, "BODY_TOO_LARGE"]);
  });

  test("a compressed body (zip bomb) is inflated only up to the body limit", async () => {
    const packed = new Uint8Array(
      gzipSync(`{"plugins":["echo"],"input":"${" ".repeat(64 * MIB)}"}`),
    );
    const { status, body } = await submit(packed, { "content-encoding": "gzip" });
    expect([status, body["code"]]).toEqual([413, "BODY_TOO_LARGE"]);
  });
});

describe("millions of errors:", () => {
  const IN_TIME_MS = 5_000;
  let large: Daemon;
  beforeAll(async () => {
    large = await startDaemon({
      plugins: { texts: { input: "z.array(z.string())", run: "(input) => input.length" } },
    });
  });
  afterAll(() => large.close());

  test("8 million items of the wrong type are refused in time, and /healthz responds in the meantime", async () => {
    const body = `{"plugins":["texts"],"input":[${"1,".repeat(8_000_000)}1]}`;
    const startedAt = performance.now();
    let answer: Response | undefined;
    const refused = large
      .request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      })
      .then((response) => (answer = response));
    while (answer === undefined) {
      const sentAt = performance.now();
      expect((await large.request("/healthz")).status).toBe(200);
      expect(performance.now() - sentAt).toBeLessThan(IN_TIME_MS);
    }
    const problem = await (await refused).json();
    expect(performance.now() - startedAt).toBeLessThan(2 * IN_TIME_MS);
    expect(problem).toMatchObject({
      status: 400,
      code: "INPUT_INVALID",
      issues: [{ path: "/input/0", message: "is 1: it must be a string" }],
    });
  });
});
