import { z } from "zod";
import { toEnvName, toFlagName } from "../config.ts";
import { SETTINGS } from "../startup/settings.ts";

export interface SettingDescription {
  readonly flag: string;
  readonly variable: string;
  readonly description: string;
  /** Null when there is no default, or when it depends on the machine and the description explains it. */
  readonly defaultText: string | null;
  /** The allowed values, such as `1 to 256`; empty when the description explains them. */
  readonly allowed: string;
}

/** All settings, in the order of `--help`. */
export function describeSettings(): readonly SettingDescription[] {
  return Object.entries(SETTINGS.shape).map(([key, schema]) => ({
    flag: `--${toFlagName(key)}`,
    variable: toEnvName(key),
    description: schema.description ?? "",
    defaultText: defaultOf(schema),
    allowed: allowedBy(schema),
  }));
}

function defaultOf(schema: z.ZodType): string | null {
  const { threads, executorMemoryMb } = SETTINGS.shape;
  if (schema === threads || schema === executorMemoryMb) return null;
  // A prefault passes through the schema's transform, which does not return a string.
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
