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

function defaultOf(schema: {
  safeParse(value: undefined): { data?: string | number | undefined };
}): string | null {
  const value = schema.safeParse(undefined).data;
  const dependsOnMachine = value === undefined || schema === Settings.shape.threads;
  return dependsOnMachine ? null : String(value);
}

function allowedBy(schema: z.ZodType): string {
  const known = z.toJSONSchema(schema, { unrepresentable: "any" });
  const { enum: values, minimum, exclusiveMinimum, maximum } = known;
  if (values !== undefined) return values.join(", ");
  if (maximum === undefined) return "";
  return minimum === undefined
    ? `above ${exclusiveMinimum}, to ${maximum}`
    : `${minimum} to ${maximum}`;
}
