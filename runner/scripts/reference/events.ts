import { z } from "zod";
import { EVENT_KINDS, type EventKind, type JobEvent } from "../../src/domain/event.ts";
import { begin, completeStep, failStep, type RunningJob } from "../../src/domain/job.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import { EVENT_PAYLOADS } from "../../src/http/contract/events.ts";
import { SAMPLE_JOB, SAMPLE_METRICS, SAMPLE_OUTPUT } from "../../src/http/contract/samples.ts";
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

export function renderEvents(): string {
  const examples = exampleEvents();
  const sections = EVENT_KINDS.map((kind) => {
    const schema = inlined(z.toJSONSchema(EVENT_PAYLOADS[kind]) as Schema);
    const example = JSON.parse(examples.get(kind)?.body ?? "null") as unknown;
    return `## ${kind}

${schema.description ?? ""}

${fieldTable(schema, { withDefaults: false }) ?? ""}

${jsonBlock(example)}`;
  });
  return `${GENERATED}

# Events

A job has four kinds of event: ${EVENT_KINDS.map((kind) => `\`${kind}\``).join(", ")}. A webhook gets each kind that its \`on\` names, and all four when there is no \`on\`; the same payloads are at \`GET /v1/jobs/:id/events\`. Every field of a kind is always there and never changes its type. The examples were made by the daemon's own code.

An event is sent as \`POST\` with \`content-type: application/json\` and these headers beside the webhook's own:

| header | what it holds |
| --- | --- |
| \`user-agent\` | \`Playground/VERSION\` |
| \`webhook-id\` | the event's id: the same in every attempt. Events are delivered at least once; whoever must not act twice remembers it. |
| \`webhook-timestamp\` | when this attempt was made, in seconds since the epoch |
| \`webhook-signature\` | where the webhook has a secret: what [Standard Webhooks](https://www.standardwebhooks.com) says, one signature for each secret that counts |

An event whose payload would be over 1 MiB has \`truncated: true\` and no input or outputs; they are at \`jobUrl\`.

${sections.join("\n\n")}
`;
}
