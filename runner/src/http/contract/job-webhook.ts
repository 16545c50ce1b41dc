/** The webhook of a job or a batch, and the fields that every webhook has. */
import { z } from "zod";
import { DEFAULT_RETRIES, MAX_RETRIES } from "../../domain/retry.ts";
import { secretProblem } from "../../domain/signature.ts";
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from "../../domain/webhook.ts";
import { EventKindName } from "./events.ts";
import { SAMPLE_SECRET } from "./samples.ts";

const MIN_TIMEOUT_MS = 1_000;
const MAX_HEADERS = 50;
const MAX_HEADER_VALUE = 4096;

/** RFC 9110 §5.6.2 token. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What HTTP/1.1 can transport: Latin-1 without control characters, so without CR and LF. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Answers have it in place of a header's value. */
const MASK = "***";

/** Headers that the daemon or the connection sets. */
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
  if (!HEADER_NAME.test(name)) return "is not a valid header name";
  const lower = name.toLowerCase();
  if (lower === "content-encoding") return "must not be set: the body is sent without an encoding";
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
    if (seen.has(name.toLowerCase())) refuse("is given twice, in different letter case");
    if (value === MASK) {
      refuse(`is "${MASK}", which stands for a value that is not shown: give the value itself`);
    }
    if (value.length > MAX_HEADER_VALUE) {
      refuse(`must be at most ${MAX_HEADER_VALUE} characters long`);
    }
    if (!HEADER_VALUE.test(value)) {
      refuse("must not contain a line break, a control character or a character outside Latin-1");
    }
    seen.add(name.toLowerCase());
  }
}

// Checks the number before the headers: a million invalid headers must not create a million issues.
export const Headers = z
  .record(z.string(), z.unknown())
  .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, {
    error: `must have at most ${MAX_HEADERS} headers`,
    abort: true,
  })
  .pipe(z.record(z.string(), z.string()).superRefine(checkHeaders))
  .meta({
    description: `Headers to send with every attempt, at most ${MAX_HEADERS}. Their values are never shown again.`,
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
    error: "must not contain a user name or password: send them in an Authorization header instead",
  })
  .meta({ format: "uri", examples: ["https://n8n.example.com/webhook/playground"] });

export const EventKinds = z
  .array(z.unknown())
  .min(1, { abort: true })
  .max(20, { abort: true })
  .pipe(z.array(EventKindName).min(1));

export const Retries = z.int().min(0).max(MAX_RETRIES).meta({
  description: "How often a failed delivery is retried.",
  default: DEFAULT_RETRIES,
});

export const MaskedHeaders = z
  .record(z.string(), z.literal(MASK))
  .describe("The headers' names. Their values are never shown.");

export const Secret = z.string().superRefine((secret, ctx) => {
  const message = secretProblem(secret);
  if (message !== null) ctx.addIssue({ code: "custom", message, input: null });
});

export const TimeoutMs = z.int().min(MIN_TIMEOUT_MS).max(MAX_TIMEOUT_MS).meta({
  description: "Time limit for one attempt, in ms, including its whole response.",
  default: DEFAULT_TIMEOUT_MS,
});

export const VerifyTls = z.boolean().meta({
  description:
    "Whether the certificate of an `https` endpoint must be valid. `false` accepts any certificate, such as a self-signed one: whoever can redirect the connection can then read and change what is sent. Prefer to trust the certificate with `PLAYGROUND_CA_FILE`.",
  default: true,
});

const destination = {
  url: WebhookUrl,
  headers: Headers.optional(),
  retries: Retries.optional(),
  timeoutMs: TimeoutMs.optional(),
  verifyTls: VerifyTls.optional(),
  secret: Secret.optional().meta({
    description:
      "The secret that signs every delivery: `whsec_` followed by 24 to 64 bytes in base64. It is never shown again. Default: deliveries are not signed.",
    examples: [SAMPLE_SECRET],
  }),
};

export const WebhookRequest = z
  .strictObject({
    ...destination,
    on: EventKinds.optional().meta({
      description: "The kinds of event to send. Default: all four.",
    }),
  })
  .meta({ id: "WebhookRequest", description: "The webhook that receives this job's events." });

export type WebhookRequest = z.infer<typeof WebhookRequest>;

export const BatchWebhookRequest = z.strictObject(destination).meta({
  id: "BatchWebhookRequest",
  description: "The webhook that receives the batch's callback.",
  examples: [
    {
      url: "https://n8n.example.com/webhook-waiting/42?signature=0a1b",
      headers: { Authorization: "Bearer your-token" },
      retries: 10,
    },
  ],
});

export type BatchWebhookRequest = z.infer<typeof BatchWebhookRequest>;

const shown = {
  id: z.string(),
  url: z.string(),
  headers: MaskedHeaders,
  timeoutMs: z.int().describe("Time limit for one attempt, in ms."),
  verifyTls: z.boolean().describe("Whether the endpoint's certificate must be valid."),
};

export const JobWebhook = z
  .object({ ...shown, on: z.array(EventKindName), retries: z.int() })
  .meta({ id: "JobWebhook" });

export type JobWebhook = z.infer<typeof JobWebhook>;

export const BatchWebhook = z.object({ ...shown, retries: z.int() }).meta({ id: "BatchWebhook" });

export type BatchWebhook = z.infer<typeof BatchWebhook>;
