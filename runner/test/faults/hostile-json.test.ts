/** Hostile JSON: what the daemon does with it, and that the daemon keeps running. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { mainThreadCpuMs } from "../support/processes.ts";

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

describe("millions of values:", () => {
  const IN_TIME_MS = 5_000;
  /** 15 bodies of 16 MiB of empty objects would need 5 GiB. */
  const HEAP_MIB = 512;
  let large: Daemon;
  beforeAll(async () => {
    large = await startDaemon({
      plugins: {
        texts: { input: "z.array(z.string())", run: "(input) => input.length" },
        counts: "(input) => input.length",
      },
      nodeArgs: [`--max-old-space-size=${HEAP_MIB}`],
    });
  });
  afterAll(() => large.close());

  /**
   * Sends all bodies at the same time and checks /healthz until the last response. `longestMs` is the
   * most processor time that the daemon's main thread used before it responded to one check.
   */
  async function submitAll(bodies: readonly string[]) {
    let missing = bodies.length;
    const responses = bodies.map(async (body) => {
      const response = await large.request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      missing -= 1;
      return (await response.json()) as { code?: string; detail?: string; status: unknown };
    });
    let longestMs = 0;
    while (missing > 0) {
      const before = await mainThreadCpuMs(large.process.pid!);
      expect((await large.request("/healthz")).status).toBe(200);
      longestMs = Math.max(longestMs, (await mainThreadCpuMs(large.process.pid!)) - before);
    }
    return { longestMs, problems: await Promise.all(responses) };
  }

  const filled = (item: string, count: number, plugin = "counts"): string =>
    `{"plugins":["${plugin}"],"input":[${`${item},`.repeat(count - 1)}${item}]}`;

  test("15 bodies of 16 MiB of empty objects at the same time are refused, and /healthz responds in the meantime", async () => {
    const body = filled("{}", (16 * MIB - 100) / 3);
    const { longestMs, problems } = await submitAll(Array(15).fill(body) as string[]);
    for (const { code, detail } of problems) {
      expect(["BODY_TOO_LARGE", "OVERLOADED"]).toContain(code);
      if (code === "BODY_TOO_LARGE") expect(detail).toContain("more than 1000000 JSON values");
    }
    expect(longestMs).toBeLessThan(IN_TIME_MS);
    expect(large.process.exitCode).toBeNull();
  });

  test("15 invalid bodies of 16 MiB of empty objects at the same time are refused", async () => {
    const body = filled("{}", (16 * MIB - 100) / 3).slice(0, -1);
    const { longestMs, problems } = await submitAll(Array(15).fill(body) as string[]);
    for (const { code } of problems) expect(["BODY_TOO_LARGE", "OVERLOADED"]).toContain(code);
    expect(longestMs).toBeLessThan(IN_TIME_MS);
  });

  test.each(["{}", "0.1234567890123", '"s"', "12345678901234567", "[1,{}]"])(
    "15 bodies of as many %s as allowed at the same time are accepted or refused for the time being",
    async (item) => {
      const values = item === "[1,{}]" ? 3 : 1;
      const body = filled(
        item,
        Math.floor(Math.min(990_000 / values, (16 * MIB) / (item.length + 2))),
      );
      const { longestMs, problems } = await submitAll(Array(15).fill(body) as string[]);
      for (const { code, status } of problems) expect([code ?? status]).toSatisfy(isOneOf);
      expect(problems.filter(({ status }) => status === "queued")).not.toHaveLength(0);
      expect(longestMs).toBeLessThan(2 * IN_TIME_MS);
      expect((await large.request("/healthz")).status).toBe(200);
    },
  );

  const isOneOf = ([outcome]: unknown[]): boolean =>
    outcome === "queued" || outcome === "OVERLOADED";

  test("900,000 items of the wrong type are refused in time", async () => {
    const { longestMs, problems } = await submitAll([filled("1", 900_000, "texts")]);
    expect(longestMs).toBeLessThan(IN_TIME_MS);
    expect(problems).toMatchObject([
      {
        status: 400,
        code: "INPUT_INVALID",
        issues: [{ path: "/input/0", message: "is 1: it must be a string" }],
      },
    ]);
  });
});
