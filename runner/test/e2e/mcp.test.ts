/** Plugins as tools of language models, called by the clients that agents use. */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { Client as ClientOfN8n } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportOfN8n } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      greet: {
        input: `z.object({ name: z.string().describe("Whom to greet.") })`,
        run: `({ name }) => ({ greeting: "Hello, " + name })`,
      },
      echo: `(input) => input`,
      writes: `(input, ctx) => ctx.artifacts.write("a.txt", Buffer.from("content"))`,
      fails: `() => { throw new Error("The sky has fallen"); }`,
      huge: `() => "x".repeat(150_000)`,
      slow: `async (input, ctx) => {
        for (const part of [0.25, 0.5, 0.75]) {
          ctx.progress(part, "part " + part);
          await sleep(400);
        }
        return "slow is done";
      }`,
    },
  });
});
afterAll(() => daemon.close());

interface Answer {
  readonly isError?: boolean | undefined;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

interface Tools {
  list(): Promise<readonly { readonly name: string; readonly inputSchema: unknown }[]>;
  call(
    name: string,
    given?: Record<string, unknown>,
    options?: { onProgress?: (progress: { progress: number; message?: string }) => void },
  ): Promise<Answer>;
}

const CLIENTS = {
  "the client of n8n, 1.26": connectAsN8n,
  "the newest client": connectNewest,
};

async function connectAsN8n(search = "", token = daemon.token): Promise<Tools> {
  const client = new ClientOfN8n({ name: "test", version: "1" });
  await client.connect(
    new TransportOfN8n(new URL(`${daemon.url}/mcp${search}`), authorized(token)) as never,
  );
  onTestFinished(() => client.close());
  return {
    list: async () => (await client.listTools()).tools,
    call: async (name, given = {}, { onProgress } = {}) =>
      (await client.callTool({ name, arguments: given }, undefined, {
        ...(onProgress && { onprogress: onProgress as never }),
      })) as unknown as Answer,
  };
}

async function connectNewest(search = "", token = daemon.token): Promise<Tools> {
  const client = new ModernClient({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp${search}`), authorized(token)),
  );
  onTestFinished(() => client.close());
  return {
    list: async () => (await client.listTools()).tools,
    call: async (name, given = {}, { onProgress } = {}) =>
      client.callTool(
        { name, arguments: given },
        { ...(onProgress && { onprogress: onProgress as never }) },
      ),
  };
}

function authorized(token: string) {
  return { requestInit: { headers: { authorization: `Bearer ${token}` } } };
}

function textOf({ content }: Answer): string {
  return content.map(({ text }) => text).join("\n");
}

describe.each(Object.entries(CLIENTS))("%s", (_name, connect) => {
  test("finds a tool for each plugin, with the plugin's schema", async () => {
    const list = await (await connect()).list();
    const names = list.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["csv-profile", "greet", "get_job", "wait_job"]));
    expect(list.find(({ name }) => name === "greet")?.inputSchema).toMatchObject({
      type: "object",
      properties: { name: { type: "string", description: "Whom to greet." } },
      required: ["name"],
    });
  });

  test("gets the output of a job", async () => {
    const answer = await (await connect()).call("greet", { name: "Ada" });
    expect(answer.isError ?? false).toBe(false);
    expect(JSON.parse(textOf(answer))).toEqual({ greeting: "Hello, Ada" });
  });

  test("gets the output of a built-in plugin that has options", async () => {
    const text = "city;inhabitants\nBerlin;3878100\n";
    const given = { text, options: { top: 0 } };
    const answer = await (await connect("?tools=csv-profile")).call("csv-profile", given);
    expect(JSON.parse(textOf(answer))).toMatchObject({ rows: 1, delimiter: ";" });
  });

  test("reads which arguments are wrong", async () => {
    const answer = await (await connect()).call("greet", { name: 7 });
    expect(answer.isError).toBe(true);
    expect(textOf(answer)).toMatch(/"greet" \(INPUT_INVALID\):\n- \/name is 7: it must be/);
  });

  test("reads why a job failed", async () => {
    const answer = await (await connect()).call("fails", { input: null });
    expect(answer.isError).toBe(true);
    expect(textOf(answer)).toMatch(/^The job job_\w+ failed: The sky has fallen \(PLUGIN_THREW\)/);
  });

  test("gets the id of a job that takes longer than the wait, and then its output", async () => {
    const tools = await connect("?wait=1");
    const first = await tools.call("slow");
    expect(first.isError ?? false).toBe(false);
    const running = JSON.parse(textOf(first)) as { jobId: string };
    expect(running).toMatchObject({
      status: "running",
      progress: { fraction: 0.75, message: "part 0.75" },
      next: expect.stringContaining("wait_job"),
    });
    expect(textOf(await tools.call("wait_job", { jobId: running.jobId }))).toBe('"slow is done"');
    expect(textOf(await tools.call("get_job", { jobId: running.jobId }))).toBe('"slow is done"');
  });

  test("follows the progress of a job", async () => {
    const seen: { progress: number; message?: string }[] = [];
    const answer = await (
      await connect()
    ).call("slow", {}, { onProgress: (news) => seen.push(news) });
    expect(textOf(answer)).toBe('"slow is done"');
    const order = seen.map(({ progress }) => progress);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(seen).toContainEqual({ progress: 0.75, total: 1, message: "part 0.75" });
  });

  test("cancels a job, and lists it", async () => {
    const tools = await connect("?wait=1");
    const { jobId } = JSON.parse(textOf(await tools.call("slow"))) as { jobId: string };
    await tools.call("cancel_job", { jobId });
    expect(textOf(await tools.call("wait_job", { jobId }))).toContain("CANCELLED");
    const list = JSON.parse(textOf(await tools.call("list_jobs", { status: "failed", limit: 3 })));
    expect(list.items.map((job: { jobId: string }) => job.jobId)).toContain(jobId);
  });
});

test("an output that would fill a model's context is named and not sent", async () => {
  const answer = await (await connectNewest()).call("huge");
  const { note, jobId } = JSON.parse(textOf(answer)) as { note: string; jobId: string };
  expect(note).toContain(`/v1/jobs/${jobId}/outputs/0`);
  expect(textOf(answer).length).toBeLessThan(1_000);
  const response = await daemon.request(`/v1/jobs/${jobId}/outputs/0`);
  expect(((await response.json()) as string).length).toBe(150_000);
});

test("a client can choose the plugins that it gets as tools", async () => {
  const tools = await connectNewest("?tools=greet,echo");
  const plugins = (await tools.list()).filter(({ name }) => !name.includes("_"));
  expect(plugins.map(({ name }) => name)).toEqual(["echo", "greet"]);
  expect(textOf(await tools.call("slow"))).toContain('There is no tool "slow"');
});

test("an unknown tool is refused with the name of the one that is like it", async () => {
  const answer = await (await connectNewest()).call("gret");
  expect(answer.isError).toBe(true);
  expect(textOf(answer)).toContain('There is no tool "gret". Did you mean "greet"?');
});

test("a plugin without a schema has one argument for its input, which is stored as it was sent", async () => {
  const tools = await connectNewest();
  const list = await tools.list();
  expect(list.find(({ name }) => name === "echo")?.inputSchema).toMatchObject({
    properties: { input: {} },
  });
  await post(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"input":[9007199254740993]}}}`,
  );
  const { items } = await daemon.get("/v1/jobs?plugin=echo&limit=1");
  const input = await daemon.request(`/v1/jobs/${items[0].jobId}/input`);
  expect(await input.text()).toBe("[9007199254740993]");
});

async function post(body: string, init: RequestInit = {}): Promise<Response> {
  return daemon.request("/mcp", {
    method: "POST",
    body,
    ...init,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(init.headers as Record<string, string>),
    },
  });
}

/** The result is the last message of the stream. */
async function resultOf(response: Response): Promise<Answer> {
  const data = (await response.text()).split("\n").findLast((line) => line.startsWith("data: "));
  return (JSON.parse(data?.slice(6) ?? "") as { result: Answer }).result;
}

const CALL_SLOW = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"slow","arguments":{"input":"once"}}}`;

/** The request for the status is one of them. */
async function countRequests(): Promise<number> {
  const { limits } = await daemon.get("/v1/status");
  return limits.find(({ name }: { name: string }) => name === "requests").used;
}

test("a call whose client has gone finds its job again", async () => {
  const requests = await countRequests();
  const before = await countJobs("slow");
  const gone = new AbortController();
  const lost = post(CALL_SLOW, { signal: gone.signal }).catch(() => "gone");
  await until("the job of the call", async () => (await countJobs("slow")) === before + 1);
  gone.abort();
  expect(await lost).toBe("gone");
  // The daemon learns of it later than the client.
  await until("the end of the call", async () => (await countRequests()) === requests);
  await until("the output", async () => {
    const again = await resultOf(await post(CALL_SLOW));
    return textOf(again) === '"slow is done"';
  });
  expect(await countJobs("slow")).toBe(before + 1);
});

test("calls whose clients have gone keep no slot of the daemon", async () => {
  const before = await countRequests();
  for (let call = 0; call < 3; call += 1) {
    const jobs = await countJobs("slow");
    const gone = new AbortController();
    const message = CALL_SLOW.replace('"once"', `"gone ${call}"`);
    const lost = post(message, { signal: gone.signal }).catch(() => "gone");
    await until("the job of the call", async () => (await countJobs("slow")) > jobs);
    gone.abort();
    await lost;
  }
  await until("the end of the jobs", async () => {
    const { items } = await daemon.get("/v1/jobs?plugin=slow&status=queued&status=running");
    return items.length === 0;
  });
  await until("the slots", async () => (await countRequests()) === before);
});

test("several messages in one request are refused", async () => {
  const response = await post(`[${CALL_SLOW},${CALL_SLOW}]`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "BODY_INVALID" });
});

test("a call with a key starts one job, and a key that is too long none", async () => {
  const call = (key: unknown) =>
    post(
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: {
          name: "greet",
          arguments: { name: "Ada" },
          _meta: { "playground/idempotencyKey": key },
        },
      }),
    );
  const before = await countJobs("greet");
  for (const key of ["once", "once"]) {
    expect(textOf(await resultOf(await call(key)))).toBe('{"greeting":"Hello, Ada"}');
  }
  expect(await countJobs("greet")).toBe(before + 1);
  expect(textOf(await resultOf(await call("x".repeat(256))))).toContain("is 256 characters long");
  expect(textOf(await resultOf(await call(7)))).toContain("is not text");
  expect(await countJobs("greet")).toBe(before + 1);
});

test("a file that a plugin wrote comes with a link that works without a token", async () => {
  const answer = await (await connectNewest()).call("writes");
  const { url } = JSON.parse(textOf(answer)) as { url: string };
  expect(await (await fetch(url)).text()).toBe("content");
});

async function countJobs(plugin: string): Promise<number> {
  const { items } = await daemon.get(`/v1/jobs?plugin=${plugin}&limit=100`);
  return items.length;
}

test("a token that can only read lists tools and calls none", async () => {
  const { token } = await daemon.post("/v1/tokens", { name: "reader", scope: "read" });
  const tools = await connectNewest("", token);
  expect((await tools.list()).length).toBeGreaterThan(4);
  expect(textOf(await tools.call("greet", { name: "Ada" }))).toContain(
    "needs a token with the scope run",
  );
});

test("without a token the answer is 401, and a page of another site gets 403", async () => {
  const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`;
  const headers = { "content-type": "application/json", accept: "application/json" };
  const anonymous = await fetch(`${daemon.url}/mcp`, { method: "POST", body: list, headers });
  expect(anonymous.status).toBe(401);
  expect(anonymous.headers.get("www-authenticate")).toContain("Bearer");
  expect((await post(list, { headers: { origin: "https://evil.example" } })).status).toBe(403);
});

test("a GET for a stream of the old protocol is a 405, so that no connection stays open", async () => {
  expect((await daemon.request("/mcp", { headers: { accept: "text/event-stream" } })).status).toBe(
    405,
  );
});
