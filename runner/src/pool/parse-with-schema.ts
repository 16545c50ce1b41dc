import type { z } from "zod";
import { nameType, showValue } from "./value-words.ts";

const MAX_ISSUES = 10;

export type ParsedValue =
  | { readonly ok: true; readonly value: unknown }
  /** `issues` begin with their paths: `/text: must be a string, not 7`. */
  | { readonly ok: false; readonly issues: string };

/** Parses a value with a plugin's own schema, which can be one of zod 3. */
export async function parseWithSchema(schema: z.ZodType, value: unknown): Promise<ParsedValue> {
  const result = await schema.safeParseAsync(value, { error: describeType });
  if (result.success) return { ok: true, value: result.data };
  const { issues } = result.error;
  const lines = issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => `${["", ...path.map(String)].join("/") || "/"}: ${message}`);
  if (issues.length > MAX_ISSUES) lines.push(`and ${issues.length - MAX_ISSUES} more`);
  return { ok: false, issues: lines.join("; ") };
}

/** Describes a wrong type as check-json.ts does. Other issues keep the message of zod or of the plugin. */
const describeType: z.core.$ZodErrorMap = (issue) =>
  issue.code === "invalid_type"
    ? `must be ${nameType(issue.expected)}, not ${showValue(issue.input)}`
    : undefined;
