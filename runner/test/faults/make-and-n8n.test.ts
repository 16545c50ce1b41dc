/** Receivers that respond as Make and n8n do, including their documented quirks. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createLiveEngine, type LiveEngine } from "../support/live-engine.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface ReceivedEvent {
  readonly jobId: string;
  readonly sequence: number;
  readonly id: string;
}

interface Endpoint {
  readonly port: number;
  /** The events whose response was a 2xx, in order. */
  readonly accepted: ReceivedEvent[];
  /** The number of responses with each status. */
  readonly statuses: Map<number, number>;
}

type Answer = { readonly status: number; readonly text: string };

async function serve(
  answer: (request: IncomingMessage, event: ReceivedEvent) => Answer | Promise<Answer>,
): Promise<Endpoint> {
  const accepted: ReceivedEvent[] = [];
  const statuses = new Map<number, number>();
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Omit<ReceivedEvent, "id">;
    const { jobId, sequence } = body;
    const event = { jobId, sequence, id: String(request.headers["webhook-id"]) };
    const { status, text } = await answer(request, event);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status < 300) accepted.push(event);
    response.writeHead(status, { "content-type": "text/plain" }).end(text);
  }
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, accepted, statuses };
}

/** Starts an engine for which every host under make.com is this machine. */
async function start(): Promise<LiveEngine> {
  const live = await createLiveEngine({
    resolve: async (name) => (name.endsWith(".make.com") ? ["127.0.0.1"] : []),
  });
  closers.push(() => live.close());
  return live;
}

function expectEachOnceInOrder(
  accepted: readonly ReceivedEvent[],
  jobIds: readonly string[],
): void {
  for (const id of jobIds) {
    const sequences = accepted.filter(({ jobId }) => jobId === id).map(({ sequence }) => sequence);
    expect(sequences).toEqual([1, 2, 3]);
  }
  expect(new Set(accepted.map(({ id }) => id)).size).toBe(accepted.length);
}

interface Make {
  isQueueFull: boolean;
  answer(path: string): Answer;
}

/** Make's gateway: 300 requests in any 10 s, a queue that can be full, 410 for a deleted webhook. */
function createMake(): Make {
  const arrivals: number[] = [];
  const make: Make = {
    isQueueFull: false,
    answer(path) {
      const now = performance.now();
      arrivals.push(now);
      while ((arrivals[0] ?? now) <= now - 10_000) arrivals.shift();
      if (arrivals.length > 300) return { status: 429, text: "Too many requests" };
      if (path === "/deleted") return { status: 410, text: "Webhook not found." };
      if (make.isQueueFull) return { status: 400, text: "Queue is full" };
      return { status: 200, text: "Accepted" };
    },
  };
  return make;
}

describe("Make", () => {
  const ALL_EVENTS = { headers: {}, on: null, retries: 5 };

  test("receives every event of 110 simultaneous jobs in order, and its rate limit is never exceeded", async () => {
    const make = createMake();
    const endpoint = await serve(({ url = "" }) => make.answer(url));
    const live = await start();
    const url = `http://hook.eu2.make.com:${endpoint.port}/abc`;
    const jobIds = await Promise.all(
      Array.from({ length: 110 }, () => live.submit({ webhook: { ...ALL_EVENTS, url } })),
    );
    await live.untilAll(["delivered"], { timeoutMs: 28_000 });
    expectEachOnceInOrder(endpoint.accepted, jobIds);
    expect([...endpoint.statuses]).toEqual([[200, 330]]);
  });

  test("receives the events later when its queue is full, each once and in order", async () => {
    const make = createMake();
    make.isQueueFull = true;
    let refused = 0;
    const endpoint = await serve(({ url = "" }) => {
      const answer = make.answer(url);
      if (answer.status === 400) refused += 1;
      if (refused === 8) make.isQueueFull = false;
      return answer;
    });
    const live = await start();
    const url = `http://hook.eu2.make.com:${endpoint.port}/abc`;
    const jobIds = await Promise.all(
      Array.from({ length: 8 }, () => live.submit({ webhook: { ...ALL_EVENTS, url } })),
    );
    await live.untilAll(["delivered"]);
    expectEachOnceInOrder(endpoint.accepted, jobIds);
    expect(endpoint.statuses.get(400)).toBeGreaterThanOrEqual(8);
  });

  test("a webhook that Make deleted is switched off by its first 410", async () => {
    const make = createMake();
    const endpoint = await serve(({ url = "" }) => make.answer(url));
    const live = await start();
    const url = `http://hook.eu2.make.com:${endpoint.port}/deleted`;
    const { webhook } = await live.engine.webhooks.register({ url });
    await live.submit();
    await live.untilAll(["dead"]);
    expect(await live.engine.webhooks.get(webhook.id)).toMatchObject({ state: "off" });
    expect([...endpoint.statuses]).toEqual([[410, 1]]);
  });
});

describe("n8n", () => {
  const webhook = (port: number, path: string) => ({
    url: `http://127.0.0.1:${port}${path}`,
    headers: {},
    on: null,
    retries: 5,
  });

  test("receives the events once it has registered the workflow (404 before)", async () => {
    let requests = 0;
    const endpoint = await serve(() => {
      requests += 1;
      return requests <= 4
        ? { status: 404, text: '{"code":404,"message":"The requested webhook is not registered."}' }
        : { status: 200, text: '{"message":"Workflow was started"}' };
    });
    const live = await start();
    const jobIds = await Promise.all(
      Array.from({ length: 4 }, () =>
        live.submit({ webhook: webhook(endpoint.port, "/webhook/playground-events") }),
      ),
    );
    await live.untilAll(["delivered"]);
    expectEachOnceInOrder(endpoint.accepted, jobIds);
    expect(endpoint.statuses.get(404)).toBe(4);
  });

  test("resumes an execution once it waits (409 before)", async () => {
    let isWaiting = false;
    const endpoint = await serve((_, event) => {
      if (isWaiting) return { status: 200, text: "{}" };
      // The execution reaches its Wait node a moment after the event arrived.
      if (event.sequence === 1) setTimeout(() => (isWaiting = true), 200).unref();
      return { status: 409, text: '{"message":"The execution is not waiting."}' };
    });
    const live = await start();
    const jobId = await live.submit({ webhook: webhook(endpoint.port, "/webhook-waiting/17") });
    await live.untilAll(["delivered"]);
    expectEachOnceInOrder(endpoint.accepted, [jobId]);
    expect(endpoint.statuses.get(409)).toBe(1);
  });

  test("loses no event when it restarts", async () => {
    let isUp = true;
    const endpoint = await serve((request) => {
      if (!isUp) request.socket.destroy();
      return { status: isUp ? 200 : 503, text: "" };
    });
    const live = await start();
    const hook = webhook(endpoint.port, "/webhook/playground-events");
    const before = await live.submit({ webhook: hook });
    await live.untilAll(["delivered"]);
    isUp = false;
    const during = await live.submit({ webhook: hook });
    setTimeout(() => (isUp = true), 500).unref();
    await live.untilAll(["delivered"]);
    const distinct = endpoint.accepted.filter(({ id }, i) => {
      return endpoint.accepted.findIndex((other) => other.id === id) === i;
    });
    expectEachOnceInOrder(distinct, [before, during]);
  });
});
