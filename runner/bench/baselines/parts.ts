/** What the processes that the daemon is compared with have in common. */
import { createHmac, createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { Agent } from "undici";
import type { CountedWords } from "./count-words.ts";

export interface Submitted {
  readonly plugins: readonly string[];
  readonly input: { readonly text: string };
  readonly webhook: { readonly url: string; readonly on?: readonly string[] };
}

export interface BaselineJob extends Submitted {
  readonly id: string;
  readonly startedAt: number;
}

export interface BaselineEvent {
  readonly id: string;
  readonly kind: string;
  readonly body: string;
}

export const COUNT_WORDS = fileURLToPath(new URL("count-words.ts", import.meta.url));

export function toJob(body: unknown): BaselineJob {
  return { ...(body as Submitted), id: `job_${randomUUID()}`, startedAt: Date.now() };
}

/** The job's events of these kinds that its webhook wants, numbered from `first`. */
export function eventsOf(
  { id, plugins, input, webhook, startedAt }: BaselineJob,
  kinds: readonly ("started" | "progress" | "completed")[],
  { first, output }: { first: number; output?: CountedWords },
): BaselineEvent[] {
  const metrics = { processedItems: output?.words ?? 0, duration: 1 };
  const details = {
    started: { config: { input, plugins } },
    progress: {
      pluginName: plugins[0],
      metrics,
      progress: { status: "running", completedPlugins: plugins, currentPlugin: null },
    },
    completed: {
      result: { metrics: [{ [String(plugins[0])]: metrics }], output, truncated: false },
      summary: { duration: Date.now() - startedAt, completedPlugins: plugins },
    },
  };
  const envelope = { jobId: id, timestamp: new Date().toISOString(), jobName: null, metadata: {} };
  return kinds
    .map((kind, index) => {
      const sequence = first + index;
      const event = { status: kind, ...envelope, sequence, ...details[kind] };
      return { id: `evt_${id}_${sequence}`, kind, body: JSON.stringify(event) };
    })
    .filter(({ kind }) => webhook.on?.includes(kind) ?? true);
}

const agent = new Agent({ connections: 64 });
const key = createSecretKey(randomBytes(32));

/** Posts a signed event. Returns the status and the response. */
export async function post(
  url: string,
  { id, body }: BaselineEvent,
): Promise<{ status: number; text: string }> {
  const { origin, pathname } = new URL(url);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const response = await agent.request({
    origin,
    path: pathname,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
    body,
  });
  return { status: response.statusCode, text: await response.body.text() };
}

/** Listens on a free port, and reports the URL to the parent. */
export async function serve(server: FastifyInstance): Promise<void> {
  process.send?.({ url: await server.listen({ port: 0, host: "127.0.0.1" }) });
  process.on("disconnect", () => process.exit());
}

/** Calls `flush` once after the event loop's poll phase, however often it is asked to. */
export function oncePerTick(flush: () => void): () => void {
  let isScheduled = false;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      flush();
    });
  };
}

/** Returns a function that adds one item. Those of one event loop iteration are added together. */
export function gather<Item>(
  add: (items: readonly Item[]) => Promise<unknown>,
): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let added = Promise.withResolvers<void>();
  const schedule = oncePerTick(() => {
    const [items, done] = [waiting, added];
    waiting = [];
    added = Promise.withResolvers();
    add(items).then(() => done.resolve(), done.reject);
  });
  return (item) => {
    waiting.push(item);
    schedule();
    return added.promise;
  };
}
