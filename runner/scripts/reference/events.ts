import { z } from "zod";
import { batchCallback } from "../../src/domain/batch.ts";
import { EVENT_KINDS, type EventKind, type JobEvent } from "../../src/domain/event.ts";
import { begin, completeStep, failStep, type RunningJob } from "../../src/domain/job.ts";
import { toJsonText, type JsonText } from "../../src/domain/json-text.ts";
import { BatchCallback } from "../../src/http/contract/batches.ts";
import { EVENT_PAYLOADS } from "../../src/http/contract/events.ts";
import {
  SAMPLE_BATCH,
  SAMPLE_JOB,
  SAMPLE_METRICS,
  SAMPLE_OUTPUT,
} from "../../src/http/contract/samples.ts";
import { GENERATED, jsonBlock } from "./markdown.ts";
import { fieldTable, inlined, type Schema } from "./schema-table.ts";

const STARTED_AT = Date.parse(SAMPLE_JOB.startedAt);
const ENDED_AT = Date.parse(SAMPLE_JOB.endedAt);
const CONTEXT = { jobUrl: SAMPLE_JOB.url };

const job: RunningJob = {
  id: SAMPLE_JOB.jobId,
  name: SAMPLE_JOB.name,
  metadata: toJsonText(SAMPLE_JOB.metadata),
  plugins: SAMPLE_JOB.plugins.map((name) => ({ name, options: toJsonText({}) })),
  input: toJsonText(SAMPLE_JOB.input),
  priority: 0,
  runAt: STARTED_AT,
  timeoutMs: null,
  createdAt: STARTED_AT,
  fence: 1,
  sequence: 0,
  stepAttempts: 1,
  startedAt: STARTED_AT,
  completedSteps: [],
};

/** One event of each kind, made by the functions that make every event. */
function exampleEvents(): ReadonlyMap<EventKind, JobEvent> {
  const timing = { startedAt: STARTED_AT, endedAt: ENDED_AT };
  const begun = { ...job, sequence: 1 };
  const step = {
    plugin: "csv-profile",
    metrics: SAMPLE_METRICS,
    output: toJsonText(SAMPLE_OUTPUT),
  };
  const failure = { code: "PLUGIN_THREW", message: "No such file: in/cars.csv" } as const;
  const events = [
    ...(begin(job, STARTED_AT, CONTEXT)?.events ?? []),
    ...completeStep(begun, { ...step, ...timing }, CONTEXT).transition.events,
    ...failStep(begun, { failure, metrics: null, ...timing }, CONTEXT).events,
  ];
  return new Map(events.map((event) => [event.kind, event]));
}

function exampleCallback(): JsonText {
  const failure = { code: "PLUGIN_THREW", message: "No such file: in/bikes.csv" } as const;
  const jobs = SAMPLE_BATCH.jobs.map(({ jobId }, index) =>
    index === 0
      ? { jobId, status: "completed" as const, failure: null }
      : { jobId, status: "failed" as const, failure },
  );
  return batchCallback({ id: SAMPLE_BATCH.batchId, jobs }, ENDED_AT);
}

function section(name: string, payload: z.ZodType, example: JsonText | undefined): string {
  const schema = inlined(z.toJSONSchema(payload) as Schema);
  return `## ${name}

${schema.description ?? ""}

${fieldTable(schema, { withDefaults: false }) ?? ""}

${jsonBlock(JSON.parse(example ?? "null") as unknown)}`;
}

export function renderEvents(): string {
  const examples = exampleEvents();
  const sections = [
    ...EVENT_KINDS.map((kind) => section(kind, EVENT_PAYLOADS[kind], examples.get(kind)?.body)),
    section("A batch's callback", BatchCallback, exampleCallback()),
  ];
  return `${GENERATED}

# Events

A job has four kinds of event: ${EVENT_KINDS.map((kind) => `\`${kind}\``).join(", ")}. A webhook gets each kind that its \`on\` names, and all four when there is no \`on\`; the same payloads are at \`GET /v1/jobs/:id/events\`. A batch has one callback, which is sent as an event is and is in no list. Every field of a kind but \`test\` is always there, none ever changes its type, and fields may be added. The examples were made by the daemon's own code.

An event is sent as \`POST\` with \`content-type: application/json\` and these headers beside the webhook's own:

| header | what it holds |
| --- | --- |
| \`user-agent\` | \`Playground/VERSION\` |
| \`webhook-id\` | the event's id: the same in every attempt. Events are delivered at least once; whoever must not act twice remembers it. |
| \`webhook-timestamp\` | when this attempt was made, in seconds since the epoch |
| \`webhook-signature\` | where the webhook has a secret: what [Standard Webhooks](https://www.standardwebhooks.com) says, one signature for each secret that counts |

A job that is retried goes on with its events: there is no second \`started\`, \`sequence\` counts on, and a second \`completed\` or \`failed\` comes in the end.

An event whose payload would be over 1 MiB has \`truncated: true\` and no input or outputs; they are at \`jobUrl\`.

${sections.join("\n\n")}
`;
}
