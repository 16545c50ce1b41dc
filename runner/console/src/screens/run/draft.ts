/** What is about to be submitted. Values are JSON text, so that they are sent as they were written. */
import { stringifyExact } from "../../api/exact-json.ts";
import type { Job, JobWebhook, Plugin, Schedule } from "../../api/schema.ts";
import { parseTags } from "../../jobs/parse-tags.ts";
import { draftOfRetry, NO_RETRY, retryOf, type RetryDraft } from "./retry-draft.ts";

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
  readonly retry: RetryDraft;
  readonly webhookUrl: string;
  /** "Name: value", one a line. */
  readonly webhookHeaders: string;
  readonly events: readonly string[];
  /** Fields of the webhook that have no field in the form, and are sent as they were. */
  readonly webhookRest: Readonly<Partial<Pick<JobWebhook, "retries" | "timeoutMs" | "verifyTls">>>;
}

export const EVENTS = ["started", "progress", "completed", "failed"] as const;

export const NO_SETTINGS: Settings = {
  name: "",
  metadata: "",
  tags: "",
  runAt: "",
  timeoutS: "",
  priority: "",
  retry: NO_RETRY,
  webhookUrl: "",
  webhookHeaders: "",
  events: EVENTS,
  webhookRest: {},
};

export const EMPTY_STEP: DraftStep = { plugin: "", options: "" };

export const EMPTY_DRAFT: Draft = { steps: [EMPTY_STEP], input: "", settings: NO_SETTINGS };

export function isComplete({ steps }: Draft): boolean {
  return steps.every(({ plugin }) => plugin !== "");
}

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
    settings: settingsOf(job),
  };
}

/** `job` is parsed with parseExact. */
export function draftOfScheduledJob({ plugins, input, ...job }: Schedule["job"]): Draft {
  return {
    steps: plugins.map(({ name, options }) => ({ plugin: name, options: toText(options) })),
    input: toText(input),
    settings: settingsOf(job),
  };
}

type SettingsSource = Pick<
  Job,
  "name" | "metadata" | "tags" | "timeoutMs" | "priority" | "retry"
> & {
  readonly webhook: Omit<JobWebhook, "id"> | null;
};

function settingsOf(job: SettingsSource): Settings {
  const { name, metadata, tags, timeoutMs, priority, retry, webhook } = job;
  return {
    ...NO_SETTINGS,
    name: name ?? "",
    metadata: Object.keys(metadata).length === 0 ? "" : toText(metadata),
    tags: tags.join(" "),
    timeoutS: timeoutMs === null ? "" : String(timeoutMs / 1_000),
    priority: priority === 0 ? "" : String(priority),
    retry: draftOfRetry(retry),
    ...(webhook !== null && webhookSettingsOf(webhook)),
  };
}

function webhookSettingsOf({
  url,
  headers,
  on,
  retries,
  timeoutMs,
  verifyTls,
}: NonNullable<SettingsSource["webhook"]>): Partial<Settings> {
  return {
    webhookUrl: url,
    webhookHeaders: Object.keys(headers)
      .map((header) => `${header}: `)
      .join("\n"),
    events: on,
    webhookRest: { retries, timeoutMs, verifyTls },
  };
}

function toText(value: unknown): string {
  return value == null ? "" : stringifyExact(value, 2);
}

interface Field {
  readonly name: string;
  /** What it is made of. */
  readonly from: (draft: Draft) => unknown;
  /** As JSON, if it is given. Throws Error with a sentence about what is wrong. */
  readonly to: (draft: Draft) => string | undefined;
  /** What takes it away in a change, as JSON. */
  readonly none?: string;
}

const FIELDS: readonly Field[] = [
  {
    name: "plugins",
    from: ({ steps }) => steps,
    to: ({ steps }) => `[${steps.map(callOf).join(",")}]`,
  },
  { name: "input", from: ({ input }) => input, to: ({ input }) => jsonOf(input, "The input") },
  setting("name", ({ name }) => quoted(name.trim())),
  setting("metadata", ({ metadata }) => jsonOf(metadata, "The metadata")),
  setting("tags", ({ tags }) => tagsOf(tags)),
  setting("runAt", ({ runAt }) => quoted(toInstant(runAt))),
  setting("timeoutMs", ({ timeoutS }) => numberOf(timeoutS, "The time limit", 1_000), "timeoutS"),
  {
    ...setting("priority", ({ priority }) => numberOf(priority, "The priority", 1)),
    none: "0",
  },
  setting("retry", ({ retry }) => retryOf(retry)),
  {
    name: "webhook",
    from: ({ settings: { webhookUrl, webhookHeaders, events } }) => [
      webhookUrl,
      webhookHeaders,
      events,
    ],
    to: ({ settings }) => webhookOf(settings),
  },
];

function setting(
  name: string,
  to: (settings: Settings) => string | undefined,
  from: keyof Settings = name as keyof Settings,
): Field {
  return { name, from: ({ settings }) => settings[from], to: ({ settings }) => to(settings) };
}

/** The request's body as JSON text. Throws Error with a sentence about what is wrong. */
export function requestOf(draft: Draft): string {
  const fields = FIELDS.map(({ name, to }) => [name, to(draft)] as const);
  return objectOf(fields.filter(([, json]) => json !== undefined));
}

/** The fields that differ from the first draft as JSON text, or null. Throws as `requestOf`. */
export function changesOf(first: Draft, draft: Draft): string | null {
  const changed = FIELDS.filter(
    ({ from }) => JSON.stringify(from(first)) !== JSON.stringify(from(draft)),
  );
  if (changed.length === 0) return null;
  return objectOf(changed.map(({ name, to, none = "null" }) => [name, to(draft) ?? none]));
}

function objectOf(fields: readonly (readonly [string, string | undefined])[]): string {
  const lines = fields.map(([name, json]) => `"${name}": ${json?.replaceAll("\n", "\n  ")}`);
  return `{\n  ${lines.join(",\n  ")}\n}`;
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
  // 1.001 * 1000 is not 1001.
  const value = Number((Number(text) * factor).toFixed(6));
  if (Number.isInteger(value)) return String(value);
  throw new Error(`${what} is "${text}". It must be a number.`);
}

function webhookOf(settings: Settings): string | undefined {
  const { webhookUrl, webhookHeaders, webhookRest, events } = settings;
  if (webhookUrl.trim() === "") return undefined;
  const headers = parseHeaders(webhookHeaders);
  return JSON.stringify({
    url: webhookUrl.trim(),
    ...webhookRest,
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
