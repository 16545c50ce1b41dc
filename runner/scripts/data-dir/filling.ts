/** Calls the API to fill a data folder, and records what the API does not return later. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { signsPath, type World } from "../../test/faults/upgrade/start.ts";
import type { Client } from "../../test/faults/upgrade/client.ts";
import type {
  BatchView,
  DeliveryView,
  JobView,
  KeyedRequest,
  Sealed,
} from "../../test/support/data-dir-fixtures.ts";
import { until } from "../../test/support/until.ts";
import { urlOf, type Endpoint } from "./endpoints.ts";

export interface Filling {
  readonly sealed: Record<string, Sealed>;
  readonly throttled: string[];
  readonly requests: KeyedRequest[];
  readonly batchIds: string[];
}

interface WebhookRequest {
  readonly webhook?: { readonly url: string; readonly headers?: Readonly<Record<string, string>> };
}

export interface JobRequest extends WebhookRequest {
  readonly plugins: readonly object[];
  readonly [setting: string]: unknown;
}

export interface BatchRequest extends WebhookRequest {
  readonly jobs: readonly JobRequest[];
}

export interface Filler {
  /** Registers a webhook whose secret is made of its endpoint's name. Returns its id. */
  readonly register: (endpoint: Endpoint, settings?: object) => Promise<string>;
  readonly submit: (request: JobRequest, key?: string) => Promise<string>;
  readonly submitBatch: (request: BatchRequest, key?: string) => Promise<string>;
  readonly untilJob: (id: string, isMet: (job: JobView) => boolean) => Promise<JobView>;
  readonly untilEnded: (id: string) => Promise<JobView>;
  readonly untilBatchEnded: (id: string) => Promise<BatchView>;
  /** Waits until the condition is true of the webhook's deliveries. */
  readonly untilDeliveries: (
    webhookId: string,
    isMet: (deliveries: readonly DeliveryView[]) => boolean,
  ) => Promise<void>;
  /** Creates or removes the file that the plugin `work` watches. */
  readonly sign: (name: "gate" | "fault", exists: boolean) => void;
}

export const work = (step: number, options: object = {}): object => ({
  name: "work",
  options: { step, ...options },
});

export const ownWebhook = (endpoint: Endpoint, settings: object = {}) => ({
  url: urlOf(endpoint),
  headers: { Authorization: `Bearer of-${endpoint}` },
  ...settings,
});

const secretOf = (endpoint: Endpoint): string =>
  `whsec_${Buffer.from(`made up for ${endpoint}`.padEnd(32, ".")).toString("base64")}`;

export function createFiller(client: Client, world: World, filling: Filling): Filler {
  async function send(path: string, body: object, key?: string): Promise<string> {
    const headers = key === undefined ? {} : { "idempotency-key": key };
    const { jobId, batchId } = await client.post(path, body, headers);
    const id = String(jobId ?? batchId);
    if (key !== undefined) filling.requests.push({ path, key, body, id });
    return id;
  }

  /** Records the headers of the webhook in the request. */
  function recordHeaders(view: JobView | BatchView, request: object): void {
    const { headers } =
      (request as { webhook?: { headers?: Record<string, string> } }).webhook ?? {};
    if (view.webhook === null || headers === undefined) return;
    filling.sealed[view.webhook.id] = { headers, secrets: [] };
  }

  const getJob = (id: string): Promise<JobView> => client.get(`/v1/jobs/${id}`);
  const getBatch = (id: string): Promise<BatchView> => client.get(`/v1/batches/${id}`);

  async function untilJob(id: string, isMet: (job: JobView) => boolean): Promise<JobView> {
    return until(`job ${id}`, async () => {
      const job = await getJob(id);
      return isMet(job) ? job : null;
    });
  }

  return {
    async register(endpoint, settings = {}) {
      const headers = { Authorization: `Bearer of-${endpoint}`, "x-text": "caf\u00e9" };
      const secret = secretOf(endpoint);
      const request = { url: urlOf(endpoint), secret, headers, ...settings };
      const { id } = await client.post("/v1/webhooks", request);
      filling.sealed[id] = { headers, secrets: [secret] };
      return id;
    },
    async submit(request, key) {
      const id = await send("/v1/jobs", request, key);
      recordHeaders(await getJob(id), request);
      return id;
    },
    async submitBatch(request, key) {
      const id = await send("/v1/batches", request, key);
      filling.batchIds.push(id);
      const batch = await getBatch(id);
      recordHeaders(batch, request);
      for (const [index, { jobId }] of batch.jobs.entries()) {
        recordHeaders(await getJob(jobId), request.jobs[index] ?? {});
      }
      return id;
    },
    untilJob,
    untilEnded: (id) => untilJob(id, ({ status }) => status === "completed" || status === "failed"),
    untilBatchEnded: (id) =>
      until(`batch ${id}`, async () => {
        const batch = await getBatch(id);
        return batch.endedAt === null ? null : batch;
      }),
    async untilDeliveries(webhookId, isMet) {
      await until(`deliveries to ${webhookId}`, async () => {
        const all = (await client.list("/v1/deliveries")) as DeliveryView[];
        return isMet(all.filter((one) => one.webhookId === webhookId));
      });
    },
    sign(name, exists) {
      const path = join(signsPath(world), name);
      if (exists) writeFileSync(path, "");
      else rmSync(path);
    },
  };
}
