/** What is about to be submitted. Values are JSON text, so that they are sent as they were written. */
import { stringifyExact } from "../../api/exact-json.ts";
import type { Job, Plugin } from "../../api/schema.ts";
import { parseTags } from "../../jobs/tags.tsx";

export interface DraftStep {
  readonly plugin: string;
  readonly options: string;
}

export interface Draft {
  readonly steps: readonly DraftStep[];
  readonly input: string;
  readonly settings: Settings;
}

export interface Settings {
  readonly name: string;
  /** JSON text of an object. */
  readonly metadata: string;
  /** With spaces between them. */
  readonly tags: string;
  /** As `<input type="datetime-local">` has it, in the browser's zone. */
  readonly runAt: string;
  readonly timeoutS: string;
  readonly priority: string;
  readonly webhookUrl: string;
  /** "Name: value", one a line. */
  readonly webhookHeaders: string;
  readonly events: readonly string[];
}

export const EVENTS = ["started", "progress", "completed", "failed"] as const;

export const NO_SETTINGS: Settings = {
  name: "",
  metadata: "",
  tags: "",
  runAt: "",
  timeoutS: "",
  priority: "",
  webhookUrl: "",
  webhookHeaders: "",
  events: EVENTS,
};

export const EMPTY_STEP: DraftStep = { plugin: "", options: "" };

/** With the plugin's example filled in. */
export function draftOfPlugin(plugin: Plugin): Draft {
  return {
    steps: [stepOfPlugin(plugin)],
    input: plugin.example === null ? "" : toText(plugin.example.input),
    settings: NO_SETTINGS,
  };
}

export function stepOfPlugin({ name, example }: Plugin): DraftStep {
  return { plugin: name, options: toText(example?.options) };
}

/** `job` is parsed with parseExact. `input` is JSON text, if the job is without it. */
export function draftOfJob(job: Job, input = toText(job.input)): Draft {
  return {
    steps: job.steps.map(({ plugin, options }) => ({ plugin, options: toText(options) })),
    input,
    settings: {
      ...NO_SETTINGS,
      name: job.name ?? "",
      metadata: Object.keys(job.metadata).length === 0 ? "" : toText(job.metadata),
      tags: job.tags.join(" "),
      timeoutS: job.timeoutMs === null ? "" : String(job.timeoutMs / 1_000),
      priority: job.priority === 0 ? "" : String(job.priority),
      webhookUrl: job.webhook?.url ?? "",
      webhookHeaders: Object.keys(job.webhook?.headers ?? {})
        .map((name) => `${name}: `)
        .join("\n"),
      events: job.webhook?.on ?? EVENTS,
    },
  };
}

function toText(value: unknown): string {
  return value == null ? "" : stringifyExact(value, 2);
}

/** The request's body as JSON text. Throws Error with a sentence about what is wrong. */
export function requestOf({ steps, input, settings }: Draft): string {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["plugins", `[${steps.map(callOf).join(",")}]`],
    ["input", jsonOf(input, "The input")],
    ["name", quoted(settings.name.trim())],
    ["metadata", jsonOf(settings.metadata, "The metadata")],
    ["tags", tagsOf(settings.tags)],
    ["runAt", quoted(toInstant(settings.runAt))],
    ["timeoutMs", numberOf(settings.timeoutS, "The time limit", 1_000)],
    ["priority", numberOf(settings.priority, "The priority", 1)],
    ["webhook", webhookOf(settings)],
  ];
  const given = fields.filter(([, json]) => json !== undefined);
  return `{${given.map(([name, json]) => `"${name}":${json}`).join(",")}}`;
}

function callOf({ plugin, options }: DraftStep): string {
  const json = jsonOf(options, `The options of ${plugin}`);
  const isEmpty = json === undefined || json.replace(/\s/g, "") === "{}";
  return isEmpty ? JSON.stringify(plugin) : `{"name":${JSON.stringify(plugin)},"options":${json}}`;
}

function jsonOf(text: string, what: string): string | undefined {
  if (text.trim() === "") return undefined;
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new Error(`${what} must be JSON: ${(error as Error).message}`, { cause: error });
  }
}

function quoted(text: string): string | undefined {
  return text === "" ? undefined : JSON.stringify(text);
}

function tagsOf(text: string): string | undefined {
  const tags = parseTags(text);
  return tags.length === 0 ? undefined : JSON.stringify(tags);
}

function toInstant(local: string): string {
  return local === "" ? "" : new Date(local).toISOString();
}

function numberOf(text: string, what: string, factor: number): string | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text) * factor;
  if (Number.isInteger(value)) return String(value);
  throw new Error(`${what} is "${text}". It must be a number.`);
}

function webhookOf({ webhookUrl, webhookHeaders, events }: Settings): string | undefined {
  if (webhookUrl.trim() === "") return undefined;
  const headers = parseHeaders(webhookHeaders);
  return JSON.stringify({
    url: webhookUrl.trim(),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(events.length === EVENTS.length ? {} : { on: events }),
  });
}

/** "Name: value" lines. Throws Error for a line without a name or a value. */
export function parseHeaders(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).trim();
      const value = line.slice(colon + 1).trim();
      if (colon < 1 || value === "") {
        throw new Error(`The header "${line.trim()}" must be a name, a colon and a value.`);
      }
      return [name, value] as const;
    }),
  );
}
