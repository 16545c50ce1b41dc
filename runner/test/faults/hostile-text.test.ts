/** Text that imitates protocol syntax, and tokens in places where they must not leak. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createOpenApiDocument } from "../../src/http/openapi.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { sendBytes } from "../support/wire.ts";

const SECRET = "webhook-header-secret-4711";
/** Ends a line in every protocol used here and continues with that protocol's syntax. */
const FRAME = '\n\nevent: completed\nid: 99\ndata: {"forged":true}\n\n';
const LINE = '\n{"level":60,"msg":"forged"}\r\n\u001b[2J\u2028';

let daemon: Daemon;
let receiver: Receiver;
let gates = 0;
beforeAll(async () => {
  receiver = await createReceiver((_, response) => void response.writeHead(500).end(LINE));
  daemon = await startDaemon({
    plugins: {
      say: `async (input, ctx) => {
        ctx.log.error(input.text, { text: input.text });
        ctx.progress(0.5, input.text);
        while (!existsSync(input.gate)) await sleep(5);
        throw new Error(input.text);
      }`,
    },
    env: { PLAYGROUND_LOG_LEVEL: "trace", PLAYGROUND_BODY_LIMIT: "100000" },
  });
});
afterAll(async () => {
  await daemon.close();
  await receiver.close();
});

/** Runs a job that uses the text wherever it can. Returns its event stream. */
async function runWith(given: string): Promise<string> {
  const gate = join(daemon.dataDir, `gate-${(gates += 1)}`);
  const webhook = { url: receiver.url, headers: { "X-Key": SECRET }, retries: 0 };
  const body = {
    plugins: ["say"],
    name: given.slice(0, 100),
    metadata: { [given]: given },
    input: { text: given, gate },
    webhook,
  };
  const { jobId } = await daemon.post("/v1/jobs", body);
  const headers = { accept: "text/event-stream" };
  const stream = await daemon.request(`/v1/jobs/${jobId}/events`, { headers });
  let streamed = "";
  for await (const text of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    streamed += text;
    // The step must not end before its progress is streamed: the end would replace the progress.
    if (streamed.includes("event: step-progress")) await writeFile(gate, "");
  }
  return streamed;
}

test("SSE injection: text with line breaks creates no frame", async () => {
  const stream = await runWith(FRAME + FRAME.replaceAll("\n", "\r"));
  const lines = stream.split(/\r\n|\r|\n/);
  const fields = lines.filter((line) => line !== "" && !line.startsWith(":"));
  for (const line of fields)
    expect(line).toMatch(/^(?:id: \d|event: [a-z-]+$|data: \{|retry: \d+$)/);
  expect(lines.filter((line) => line.startsWith("event: "))).toEqual(
    expect.arrayContaining(["event: started", "event: step-progress", "event: failed"]),
  );
  expect(lines).not.toContain("event: completed");
  expect(lines).not.toContain("id: 99");
});

test("log injection: text with line breaks creates no log line", async () => {
  await runWith(LINE);
  await daemon.request(`/v1/jobs?name=${encodeURIComponent(LINE)}`);
  await daemon.request(`/${encodeURIComponent(LINE)}`, { method: "DELETE" });
  await daemon.request("/v1/jobs", {
    headers: { "x-request-id": "forged" },
  });
  await receiver.untilReceived(2);
  await until("the attempts to be logged", () => daemon.output().includes("delivery."));
  const lines = daemon
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) expect((JSON.parse(line) as { msg: string }).msg).not.toBe("forged");
  expect(daemon.output()).not.toContain('\n{"level":60,"msg":"forged"}');
  expect(daemon.output()).not.toContain("\u001b");
});

describe("header injection:", () => {
  test.each([
    "/v1/jobs/x%0d%0aSet-Cookie:%20a=b",
    "/v1/jobs?cursor=%0d%0aSet-Cookie:%20a=b",
    "/v1/%0d%0aSet-Cookie:%20a=b",
  ])("%s adds no header to the response", async (path) => {
    const answer = await daemon.request(path);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  test.each([
    ["a name with a line break", { "X-A\r\nX-B": "c" }],
    ["a name with a colon", { "X-A: b": "c" }],
    ["a value with a line break", { "X-A": "b\r\nX-B: c" }],
    ["a value with a NUL", { "X-A": "b\0" }],
    ["the daemon's own signature", { "Webhook-Signature": "v1,forged" }],
    ["a length", { "Content-Length": "1" }],
    ["another host", { HOST: "evil.example" }],
  ])("a webhook's headers cannot contain %s", async (_, headers) => {
    for (const [path, body] of [
      ["/v1/jobs", { plugins: ["say"], webhook: { url: receiver.url, headers } }],
      ["/v1/webhooks", { url: receiver.url, headers }],
    ] as const) {
      const answer = await daemon.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(await answer.json()).toMatchObject({ status: 400, code: "BODY_INVALID" });
    }
  });
});

describe("without a token", () => {
  const routes = Object.entries(createOpenApiDocument().paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "none"),
      isOpen: security.length === 0,
    })),
  );

  test.each(routes.filter(({ isOpen }) => !isOpen).map(({ method, path }) => [method, path]))(
    "%s %s is refused",
    async (method, path) => {
      const none = await fetch(daemon.url + path, { method });
      const cookie = await fetch(daemon.url + path, {
        method,
        headers: { cookie: `token=${daemon.token}` },
      });
      const query = await fetch(
        `${daemon.url}${path}?token=${daemon.token}&access_token=${daemon.token}`,
        { method },
      );
      for (const answer of [none, cookie, query]) {
        expect(answer.status).toBe(401);
        // A response to HEAD has no body.
        if (method === "HEAD") continue;
        expect(await answer.json()).toMatchObject({ code: "UNAUTHORIZED" });
      }
    },
  );

  test("only liveness, readiness and the login are open", () => {
    expect(routes.filter(({ isOpen }) => isOpen).map(({ path }) => path)).toEqual([
      "/v1/session",
      "/healthz",
      "/readyz",
    ]);
  });
});

test("no response and no log line contains a token, however it was sent", async () => {
  const { token } = daemon;
  const wrong = `${token}-wrong`;
  const get = (headers: Record<string, string>, path = "/v1/jobs"): Promise<string> =>
    daemon.request(path, { headers }).then((answer) => answer.text());
  const head = (more: string): string =>
    `GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n${more}\r\n\r\n`;
  const post = (body: string): Promise<string> =>
    daemon
      .request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      })
      .then((answer) => answer.text());
  const logIn = (body: object): Promise<string> =>
    daemon
      .request("/v1/session", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      })
      .then((answer) => answer.text());
  const answers = await Promise.all([
    get({ authorization: `Bearer ${wrong}` }),
    get({ authorization: `Basic ${Buffer.from(`:${token}`).toString("base64")}` }),
    get({ authorization: `Bearer  ${token} x` }),
    get({ authorization: token }),
    get({}, `/v1/jobs?token=${token}`),
    get({ authorization: "" }, `/nowhere?token=${token}`),
    get({ accept: token, origin: "https://evil.example" }),
    sendBytes(daemon.url, head(`Authorization: Bearer ${token}\r\nX: ${"x".repeat(32_768)}`)),
    sendBytes(daemon.url, head(`Authorization: Bearer ${token}\r\n: x`)),
    sendBytes(
      daemon.url,
      head(`Authorization: Bearer ${token}\r\nConnection: close\r\nContent-Length: x`),
    ),
    post('{"plugins":'),
    post(`{"plugins":["say"],"input":"${"x".repeat(200_000)}"}`),
    post('{"plugins":["none"]}'),
    ...[{ token: wrong }, { token: [token] }, { key: token }].map(logIn),
    runWith("plain text"),
  ]);
  for (const secret of [token, SECRET]) {
    for (const answer of answers) expect(answer).not.toContain(secret);
    expect(daemon.output()).not.toContain(secret);
  }
  expect(answers.filter((answer) => answer.includes('"code"')).length).toBeGreaterThan(8);
});
