/** Reads everything that the API shows. */
import type {
  BatchView,
  DeliveryView,
  EventView,
  JobRecord,
  JobView,
  LogView,
  State,
  WebhookView,
} from "../../support/data-dir-fixtures.ts";
import type { Client } from "./client.ts";

/** The caller passes the ids of the batches, because the API has no list of them. */
export async function readState(client: Client, batchIds: readonly string[]): Promise<State> {
  const readJob = async (jobId: string): Promise<JobRecord> => ({
    job: (await client.get(`/v1/jobs/${jobId}`)) as JobView,
    events: (await client.list(`/v1/jobs/${jobId}/events`)) as EventView[],
    logs: (await client.list(`/v1/jobs/${jobId}/logs`)) as LogView[],
  });
  const jobs = (await client.list("/v1/jobs")) as { jobId: string }[];
  const deliveries = (await client.list("/v1/deliveries")) as { deliveryId: string }[];
  return {
    jobs: await readEach(jobs, ({ jobId }) => readJob(jobId)),
    batches: await readEach(
      batchIds,
      (id) => client.get(`/v1/batches/${id}`) as Promise<BatchView>,
    ),
    webhooks: (await client.list("/v1/webhooks")) as WebhookView[],
    deliveries: await readEach(
      deliveries,
      ({ deliveryId }) => client.get(`/v1/deliveries/${deliveryId}`) as Promise<DeliveryView>,
    ),
  };
}

/** The number of concurrent requests, below the daemon's limit. */
const CONCURRENCY = 20;

async function readEach<Item, View>(
  items: readonly Item[],
  read: (item: Item) => Promise<View>,
): Promise<View[]> {
  const views: View[] = [];
  for (let from = 0; from < items.length; from += CONCURRENCY) {
    views.push(...(await Promise.all(items.slice(from, from + CONCURRENCY).map(read))));
  }
  return views;
}
