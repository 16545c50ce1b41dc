/** What the attacking clients do. Each attack ends by itself and then starts again. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Agent, request } from "undici";
import { ABUSIVE, CRASHING } from "./plugins.ts";

export interface Target {
  readonly url: string;
  readonly runToken: string;
  readonly readToken: string;
  /** The id of a job with a large output. */
  readonly largeJob: string;
  /** The id of a job with many large events. */
  readonly eventsJob: string;
}

/** What happened to one request: a status, or a word. */
export type Outcome = string;

export const UNANSWERED: Outcome = "unanswered";

interface Attack {
  /** How many clients do it at the same time. */
  readonly clients: number;
  readonly pauseMs: number;
  readonly act: (target: Target, signal: AbortSignal) => Promise<Outcome>;
}

const MIB = 1024 * 1024;
/** The daemon closes a connection whose client reads nothing after 30 s. */
const HELD_MS = 45_000;
const STEP_TIMEOUT_MS = 5_000;

/** A response that takes longer counts as none. */
const agent = new Agent({ headersTimeout: 90_000, bodyTimeout: 90_000, pipelining: 1 });

const items = (16 * MIB - 100) / 3;
const BOMB = Buffer.from(`{"plugins":["echo"],"input":[${"{},".repeat(items - 1)}{}]}`);
const BROKEN_BOMB = BOMB.subarray(0, -1);
/** As many values as a body can have. */
const VALUES = Buffer.from(`{"plugins":["echo"],"input":[${'{"a":1},'.repeat(330_000)}0]`);
const DEEP = Buffer.from(`{"plugins":["echo"],"input":${"[".repeat(4 * MIB)}`);
const LATER = { plugins: ["echo"], runAt: "2999-01-01T00:00:00Z" };
const WAITING = Buffer.from(JSON.stringify({ ...LATER, input: "x".repeat(4 * MIB) }));
const ZIPPED = gzipSync(Buffer.alloc(256 * MIB, " "));
const FLOOD = Buffer.from(JSON.stringify({ plugins: ["echo"], input: "x".repeat(MIB) }));

const plugins = [...Object.keys(ABUSIVE), "query-pads"];

export const ATTACKS: Readonly<Record<string, Attack>> = {
  "stalled upload, run token": held(32, ({ runToken }) => stalledUpload(runToken)),
  "stalled upload, read token": held(32, ({ readToken }) => stalledUpload(readToken)),
  "JSON bomb": posted(4, 200, () => ({ body: BOMB })),
  "broken JSON bomb": posted(2, 200, () => ({ body: BROKEN_BOMB })),
  "most values allowed, broken": posted(2, 500, () => ({ body: VALUES })),
  "deep JSON": posted(2, 200, () => ({ body: DEEP })),
  "gzip bomb": posted(2, 200, () => ({
    body: ZIPPED,
    headers: { "content-encoding": "gzip" },
  })),
  "unread response": held(40, ({ readToken, largeJob }) =>
    getHead(`/v1/jobs/${largeJob}`, readToken),
  ),
  "unread event stream": held(40, ({ readToken, eventsJob }) =>
    getHead(`/v1/jobs/${eventsJob}/events`, readToken, "accept: text/event-stream"),
  ),
  "wait with a large body": { clients: 16, pauseMs: 500, act: waitWithBody },
  "404 with a body": posted(4, 50, () => ({ path: "/nothing", body: FLOOD })),
  "401 with a body": posted(4, 50, () => ({ token: "wrong", body: FLOOD })),
  "403 with a body": posted(4, 50, ({ readToken }) => ({ token: readToken, body: FLOOD })),
  ...Object.fromEntries(
    plugins.map((plugin) => [plugin, { clients: 1, pauseMs: 2_000, act: runPlugin(plugin) }]),
  ),
  ...Object.fromEntries(
    Object.keys(CRASHING).map((plugin) => [
      plugin,
      { clients: 1, pauseMs: 3_000, act: runPlugin(plugin) },
    ]),
  ),
};

interface Post {
  readonly path?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function posted(clients: number, pauseMs: number, what: (target: Target) => Post): Attack {
  return {
    clients,
    pauseMs,
    act: async (target, signal) => (await post(target, { ...what(target), signal })).outcome,
  };
}

async function post(
  target: Target,
  options: Post & { readonly signal: AbortSignal },
): Promise<{ outcome: Outcome; text: string }> {
  const { path = "/v1/jobs", token = target.runToken, body, signal } = options;
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    ...options.headers,
  };
  try {
    const response = await request(target.url + path, {
      method: "POST",
      headers,
      body,
      signal,
      dispatcher: agent,
    });
    const text = await response.body.text();
    return { outcome: String(response.statusCode), text };
  } catch (error) {
    return { outcome: signal.aborted ? "not ended" : wordFor(error), text: "" };
  }
}

function wordFor(error: unknown): Outcome {
  const { code } = error as NodeJS.ErrnoException;
  return code?.endsWith("_TIMEOUT") === true ? UNANSWERED : "disconnected";
}

async function waitWithBody(target: Target, signal: AbortSignal): Promise<Outcome> {
  const headers = { prefer: "wait=10" };
  const { outcome, text } = await post(target, { body: WAITING, headers, signal });
  // Otherwise the queue would grow, which is another attack.
  if (outcome === "202") {
    const { jobId } = JSON.parse(text) as { jobId: string };
    await post(target, { path: `/v1/jobs/${jobId}/cancel`, body: Buffer.from("{}"), signal });
  }
  return outcome;
}

function runPlugin(plugin: string): Attack["act"] {
  const padded = { data: {}, expression: '$pad("x", 500000000)' };
  const step =
    plugin === "query-pads"
      ? { plugins: ["json-query"], input: padded }
      : { plugins: [plugin], input: null };
  const body = Buffer.from(JSON.stringify({ ...step, timeoutMs: STEP_TIMEOUT_MS }));
  return async (target, signal) => {
    const headers = { prefer: "wait=60" };
    const { outcome, text } = await post(target, { body, headers, signal });
    if (outcome !== "200" && outcome !== "202") return outcome;
    const { status, errorCode } = JSON.parse(text) as { status: string; errorCode: string | null };
    return errorCode ?? status;
  };
}

/** Holds a connection open until the daemon closes it. */
function held(clients: number, start: (target: Target) => readonly (string | Buffer)[]): Attack {
  return {
    clients,
    pauseMs: 500,
    act: async (target, signal) => {
      const { hostname, port } = new URL(target.url);
      const socket = connect({ host: hostname, port: Number(port) });
      try {
        return await holdOpen(socket, { parts: start(target), signal });
      } finally {
        socket.destroy();
      }
    },
  };
}

async function holdOpen(
  socket: Socket,
  { parts, signal }: { parts: readonly (string | Buffer)[]; signal: AbortSignal },
): Promise<Outcome> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(HELD_MS)]);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  for (const part of parts) socket.write(part);
  const first = await Promise.race([
    once(socket, "data", { signal: over }).then(([chunk]) => chunk as Buffer),
    closed.then(() => null),
  ]).catch(() => null);
  socket.pause();
  if (first === null) {
    if (signal.aborted) return "not ended";
    return over.aborted ? UNANSWERED : "disconnected";
  }
  const status = /^HTTP\/1\.1 (\d+)/.exec(first.toString("latin1"))?.[1] ?? "no status";
  // A refused client goes away. One with a response does not read on, and a paused socket sees no close.
  if (status === "200") await sleep(HELD_MS, null, { signal: over }).catch(() => undefined);
  return status;
}

function stalledUpload(token: string): readonly (string | Buffer)[] {
  const head = [
    "POST /v1/jobs HTTP/1.1",
    "host: localhost",
    `authorization: Bearer ${token}`,
    "content-type: application/json",
    "transfer-encoding: chunked",
  ];
  const bytes = 3 * MIB;
  const chunk = Buffer.alloc(bytes, " ");
  return [`${head.join("\r\n")}\r\n\r\n${bytes.toString(16)}\r\n`, chunk, "\r\n"];
}

function getHead(path: string, token: string, ...more: string[]): readonly string[] {
  const lines = [`GET ${path} HTTP/1.1`, "host: localhost", `authorization: Bearer ${token}`];
  return [`${[...lines, ...more].join("\r\n")}\r\n\r\n`];
}
