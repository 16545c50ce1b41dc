/** How many steps of a plugin run at the same time: in all, and for each key of the job's input. */
import { sortedJson } from "./sorted-json.ts";

/** What a plugin declares. */
export interface LimitsRequest {
  /** How many of its steps run at the same time. */
  readonly concurrency?: number;
  readonly perKey?: PerKey;
  /** Plugins with the same name share the limit. Default: the plugin's own name. */
  readonly name?: string;
}

export interface PerKey {
  /** The path of a value in the job's input, such as `input.domain`. */
  readonly key: string;
  /** How many steps with the same key run at the same time. */
  readonly concurrency: number;
}

export interface PluginLimits {
  readonly name: string;
  /** Null if only keys are limited. */
  readonly concurrency: number | null;
  readonly perKey: PerKey | null;
}

/** The limit of a step, and the step's key, which is "" without one. */
export interface StepLimit {
  readonly name: string;
  readonly key: string;
}

/** A limit as the plugins that share it declare it. */
export interface DeclaredLimit {
  readonly name: string;
  readonly concurrency: number | null;
  readonly keyConcurrency: number | null;
}

/** Each claim that gives slots counts the ones that are used. */
export const MAX_CONCURRENCY = 1_000;

/** A longer key is stored as its digest. */
const MAX_KEY_LENGTH = 200;

const KEY_PATH = /^input(?:\.[A-Za-z0-9_$-]{1,64}){1,8}$/;

export function isKeyPath(path: string): boolean {
  return KEY_PATH.test(path);
}

export function toPluginLimits(
  plugin: string,
  {
    concurrency = null,
    perKey,
    name = plugin,
  }: { [Field in keyof LimitsRequest]?: LimitsRequest[Field] | null },
): PluginLimits {
  return {
    name: name ?? plugin,
    concurrency,
    perKey: perKey ? { key: perKey.key, concurrency: perKey.concurrency } : null,
  };
}

/** The limit of each step of a job with this input, the job's own. Null if no step has one. */
export function toStepLimits(
  limits: readonly (PluginLimits | null)[],
  { input, digest }: { readonly input: unknown; readonly digest: (text: string) => string },
): readonly (StepLimit | null)[] | null {
  if (limits.every((limit) => limit === null)) return null;
  return limits.map((limit) => {
    if (limit === null) return null;
    const key = limit.perKey === null ? "" : keyText(valueAt(limit.perKey.key, input));
    return { name: limit.name, key: key.length > MAX_KEY_LENGTH ? digest(key) : key };
  });
}

/** Of plugins that share a limit, the least number counts. */
export function mergeLimits(limits: readonly PluginLimits[]): DeclaredLimit[] {
  return [...Map.groupBy(limits, ({ name }) => name)].map(([name, sharing]) => ({
    name,
    concurrency: least(sharing.map(({ concurrency }) => concurrency)),
    keyConcurrency: least(sharing.map(({ perKey }) => perKey?.concurrency ?? null)),
  }));
}

/** Whether a job can go on with its next step without another slot. */
export function keepsSlot(
  limits: readonly (StepLimit | null)[] | undefined,
  nextStep: number,
): boolean {
  const before = limits?.[nextStep - 1] ?? null;
  const next = limits?.[nextStep] ?? null;
  return before?.name === next?.name && before?.key === next?.key;
}

function least(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((number) => number !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function valueAt(path: string, input: unknown): unknown {
  let value = input;
  for (const field of path.split(".").slice(1)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return null;
    value = (value as Readonly<Record<string, unknown>>)[field];
  }
  return value;
}

/** Jobs without the value share a key. The stores read keys out of JSON, which PostgreSQL refuses for some characters. */
function keyText(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : sortedJson(value);
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
