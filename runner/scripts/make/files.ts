/**
 * Generates the files for Make: a sample of each event kind, and the interfaces of the app's
 * modules.
 */
import { z } from "zod";
import { EVENT_KINDS } from "../../src/domain/event.ts";
import { sampleEvents } from "../../src/domain/sample-event.ts";
import { EVENT_PAYLOADS } from "../../src/http/contract/events.ts";
import { Job } from "../../src/http/contract/job.ts";
import { JobSummary } from "../../src/http/contract/job-summary.ts";
import { SAMPLE_JOB, SAMPLE_JOB_SUMMARY } from "../../src/http/contract/samples.ts";
import { inlined, type Schema } from "../reference/schema-table.ts";
import { mergeInterfaces, toInterface, type Field } from "./interface.ts";

const SAMPLED_AT = Date.parse("2026-11-23T09:30:00Z");

/** The field that the app's webhook adds to the event. */
const VERIFIED = { name: "verified", type: "boolean", label: "Signature verified" } as const;

function interfaceOf(schema: z.ZodType): Field[] {
  return toInterface(inlined(z.toJSONSchema(schema) as Schema));
}

/** Returns the content of each file by its path in docs/guides/make. */
export function renderMakeFiles(): Record<string, string> {
  const samples = sampleEvents(EVENT_KINDS, SAMPLED_AT).map(({ kind, body }) => {
    return { kind, event: JSON.parse(body) as Record<string, unknown> };
  });
  const events = mergeInterfaces([
    ...EVENT_KINDS.map((kind) => interfaceOf(EVENT_PAYLOADS[kind])),
    [VERIFIED],
  ]);
  const completed = samples.find(({ kind }) => kind === "completed")?.event;
  const job = { fields: interfaceOf(Job), sample: SAMPLE_JOB };
  const modules: Record<string, { fields: readonly Field[]; sample: object }> = {
    "watch-job-events": { fields: events, sample: { ...completed, verified: true } },
    "run-job": job,
    "get-job": job,
    "cancel-job": job,
    "list-jobs": { fields: interfaceOf(JobSummary), sample: SAMPLE_JOB_SUMMARY },
  };
  return Object.fromEntries([
    ...samples.map(({ kind, event }) => [`samples/${kind}.json`, toJson(event)]),
    ...Object.entries(modules).flatMap(([name, { fields, sample }]) => [
      [`app/modules/${name}/${name}.interface.iml.json`, toJson(fields)],
      [`app/modules/${name}/${name}.samples.iml.json`, toJson(sample)],
    ]),
  ]) as Record<string, string>;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
