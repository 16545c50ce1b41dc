/** A job with its events, their deliveries and attempts, loaded together and again when something happened. */
import { useEffect, useRef } from "preact/hooks";
import { call, callForText } from "../../api/request.ts";
import { useResource, type Resource } from "../../api/resource.ts";
import type {
  Delivery,
  DeliverySummary,
  Event,
  EventWithoutPayload,
  Job,
} from "../../api/schema.ts";
import { useLive } from "../../live/stream.ts";
import { rawFields, rawItems } from "./raw-json.ts";

/** A delivery with its attempts, or without them when there are too many to load. */
export type ToldDelivery = DeliverySummary & { readonly attempts?: Delivery["attempts"] };

export interface JobStory {
  readonly job: Job;
  /** Inputs and outputs as they were sent, because a parsed number can differ. */
  readonly raw: {
    readonly input: string;
    readonly metadata: string;
    readonly outputs: readonly string[];
  };
  readonly events: readonly (Event | EventWithoutPayload)[];
  readonly deliveries: readonly ToldDelivery[];
  readonly hasMoreEvents: boolean;
}

/** Larger values are loaded only as far as they are shown. */
const MAX_BYTES = 128 * 1024;
const MAX_EVENTS = 500;
/** Deliveries whose attempts are loaded at once. */
const MAX_WITH_ATTEMPTS = 40;
const REFRESH_AFTER_MS = 150;

export function useJobStory(id: string): Resource<JobStory> {
  /** Attempts that were loaded before, by delivery and number of attempts. */
  const known = useRef(new Map<string, Delivery>());
  const story = useResource(id, (signal) => loadStory(id, known.current, signal));
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const refreshSoon = (): void => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void story.refresh();
    }, REFRESH_AFTER_MS);
  };
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  useLive({
    jobs: (changed) => {
      const mine = changed.find(({ jobId }) => jobId === id);
      if (mine === undefined) return;
      story.update((data) => ({ ...data, job: { ...data.job, ...mine } }));
      const isOnlyProgress = Object.keys(mine).every(
        (key) => key === "jobId" || key === "progress",
      );
      if (!isOnlyProgress) refreshSoon();
    },
    deliveries: (changed) => {
      if (changed.some(({ jobId }) => jobId === id)) refreshSoon();
    },
    missed: refreshSoon,
  });
  return story;
}

async function loadStory(
  id: string,
  known: Map<string, Delivery>,
  signal: AbortSignal,
): Promise<JobStory> {
  const [text, events, deliveries] = await Promise.all([
    callForText("GET /v1/jobs/{id}", { params: { id }, query: { maxBytes: MAX_BYTES }, signal }),
    call("GET /v1/jobs/{id}/events", { params: { id }, query: { limit: MAX_EVENTS }, signal }),
    call("GET /v1/deliveries", { query: { jobId: id, limit: MAX_EVENTS }, signal }),
  ]);
  const fields = rawFields(text);
  return {
    job: JSON.parse(text) as Job,
    raw: {
      input: fields.get("input") ?? "null",
      metadata: fields.get("metadata") ?? "{}",
      outputs: rawItems(fields.get("steps") ?? "[]").map(
        (step) => rawFields(step).get("output") ?? "null",
      ),
    },
    events: events.items,
    hasMoreEvents: events.nextCursor !== null,
    deliveries: await withAttempts(deliveries.items.toReversed(), known, signal),
  };
}

async function withAttempts(
  deliveries: readonly DeliverySummary[],
  known: Map<string, Delivery>,
  signal: AbortSignal,
): Promise<readonly ToldDelivery[]> {
  return Promise.all(
    deliveries.map(async (delivery, index) => {
      const { deliveryId, attemptCount } = delivery;
      if (attemptCount === 0) return { ...delivery, attempts: [] };
      const key = `${deliveryId} ${attemptCount}`;
      const before = known.get(key);
      if (before !== undefined) return { ...delivery, attempts: before.attempts };
      if (index >= MAX_WITH_ATTEMPTS) return delivery;
      const whole = await call("GET /v1/deliveries/{id}", { params: { id: deliveryId }, signal });
      if (whole.attemptCount === attemptCount) known.set(key, whole);
      return whole;
    }),
  );
}
