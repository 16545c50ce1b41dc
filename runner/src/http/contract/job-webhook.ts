/** A webhook given with a job or a batch, and what every webhook has. */
import { z } from "zod";
import { DEFAULT_RETRIES, MAX_RETRIES } from "../../domain/retry.ts";
import { EventKindName } from "./events.ts";

const MAX_HEADERS = 50;
const MAX_HEADER_VALUE = 4096;

/** RFC 9110 §5.6.2 token. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What HTTP/1.1 can carry: no control characters, so no CR or LF; nothing outside Latin-1. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Set by the daemon or by the connection itself. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

function nameProblem(name: string): string | null {
  if (!HEADER_NAME.test(name)) return "is no valid header name";
  const lower = name.toLowerCase();
  if (RESERVED_HEADERS.has(lower) || lower.startsWith("webhook-")) {
    return "is a header that the daemon sets itself";
  }
  return null;
}

function checkHeaders(headers: Record<string, string>, ctx: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const refuse = (message: string): void =>
      ctx.addIssue({ code: "custom", path: [name], message, input: null });
    const problem = nameProblem(name);
    if (problem !== null) refuse(problem);
    if (seen.has(name.toLowerCase())) refuse("is given twice, in other letter case");
    if (value.length > MAX_HEADER_VALUE) refuse(`must be at most ${MAX_HEADER_VALUE} characters`);
    if (!HEADER_VALUE.test(value)) {
      refuse("must hold no line break, control character or character outside Latin-1");
    }
    seen.add(name.toLowerCase());
  }
}

// Counted before each is looked at: a body of a million wrong ones must not make a million issues.
export const Headers = z
  .record(z.string(), z.unknown())
  .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, {
    error: `must be at most ${MAX_HEADERS} headers`,
    abort: true,
  })
  .pipe(z.record(z.string(), z.string()).superRefine(checkHeaders))
  .meta({
    description: `Sent with every attempt. At most ${MAX_HEADERS}; shown masked afterwards.`,
    examples: [{ Authorization: "Bearer your-token" }],
  });

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function hasNoCredentials(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  return username === "" && password === "";
}

export const WebhookUrl = z
  .string()
  .max(2048)
  .refine(isHttpUrl, { error: "must be an absolute http or https URL" })
  .refine(hasNoCredentials, {
    error: "must hold no user name or password: put them into headers, as Authorization",
  })
  .meta({ format: "uri", examples: ["https://n8n.example.com/webhook/playground"] });

export const EventKinds = z
  .array(z.unknown())
  .min(1, { abort: true })
  .max(20, { abort: true })
  .pipe(z.array(EventKindName).min(1));

export const Retries = z.int().min(0).max(MAX_RETRIES).meta({
  description: "How often a failed attempt is repeated.",
  default: DEFAULT_RETRIES,
});

export const MaskedHeaders = z
  .record(z.string(), z.literal("***"))
  .describe("The values are never shown.");

const destination = {
  url: WebhookUrl,
  headers: Headers.optional(),
  retries: Retries.optional(),
};

export const WebhookRequest = z
  .strictObject({
    ...destination,
    on: EventKinds.optional().meta({
      description: "The kinds of event to send; without it all four.",
    }),
  })
  .meta({ id: "WebhookRequest", description: "Where this job's events go." });

export type WebhookRequest = z.infer<typeof WebhookRequest>;

export const BatchWebhookRequest = z.strictObject(destination).meta({
  id: "BatchWebhookRequest",
  description: "Where the batch's one callback goes.",
  examples: [
    {
      url: "https://n8n.example.com/webhook-waiting/42?signature=0a1b",
      headers: { Authorization: "Bearer your-token" },
      retries: 10,
    },
  ],
});

export type BatchWebhookRequest = z.infer<typeof BatchWebhookRequest>;

const shown = { id: z.string(), url: z.string(), headers: MaskedHeaders };

export const JobWebhook = z
  .object({ ...shown, on: z.array(EventKindName), retries: z.int() })
  .meta({ id: "JobWebhook" });

export type JobWebhook = z.infer<typeof JobWebhook>;

export const BatchWebhook = z.object({ ...shown, retries: z.int() }).meta({ id: "BatchWebhook" });

export type BatchWebhook = z.infer<typeof BatchWebhook>;
