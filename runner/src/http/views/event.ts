import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { JobEvent } from "../../domain/event.ts";
import type { EventWithoutPayload } from "../contract/events.ts";

/** What webhooks got, or what is left of it when the payloads of the job were removed. */
export function eventText(jobId: string, { kind, sequence, at, body }: JobEvent): JsonText {
  if (body.length > 0) return body;
  return toJsonText({
    status: kind,
    jobId,
    timestamp: new Date(at).toISOString(),
    sequence,
    payloadRemoved: true,
  } satisfies EventWithoutPayload);
}
