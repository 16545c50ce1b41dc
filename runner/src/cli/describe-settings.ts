import { z } from "zod";
import { Settings, toEnvName, toFlagName } from "../config.ts";

export interface SettingDescription {
  readonly flag: string;
  readonly variable: string;
  readonly description: string;
  /** Null when there is none, or when it depends on the machine: the description tells it then. */
  readonly defaultText: string | null;
  /** What may be given, such as `1 to 256`; empty when the description tells it. */
  readonly allowed: string;
}

/** Every setting, in the order of `--help`. */
export function describeSettings(): readonly SettingDescription[] {
  return Object.entries(Settings.shape).map(([key, schema]) => ({
    flag: `--${toFlagName(key)}`,
    variable: toEnvName(key),
    description: schema.description ?? "",
    defaultText: defaultOf(schema),
    allowed: allowedBy(schema),
  }));
}

function defaultOf(schema: z.ZodType): string | null {
  if (schema === Settings.shape.threads) return null;
  // What a prefault gives goes through the schema's transform, and is no text afterwards.
  const value =
    schema instanceof z.ZodPrefault ? schema.def.defaultValue : schema.safeParse(undefined).data;
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function allowedBy(schema: z.ZodType): string {
  const known = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
  const { enum: values, minimum, exclusiveMinimum, maximum } = known;
  if (values !== undefined) return values.join(", ");
  if (maximum === undefined) return "";
  return minimum === undefined
    ? `above ${exclusiveMinimum}, to ${maximum}`
    : `${minimum} to ${maximum}`;
}
