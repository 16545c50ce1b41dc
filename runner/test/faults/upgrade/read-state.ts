/** Reads all that the API shows. */
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

/** There is no list of batches, so their ids are needed. */
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

/** The daemon refuses requests beyond a limit. */
const AT_ONCE = 20;

async function readEach<Item, View>(
  items: readonly Item[],
  read: (item: Item) => Promise<View>,
): Promise<View[]> {
  const views: View[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    views.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(read))));
  }
  return views;
}
