/** How many steps of a plugin run at the same time, and how often one begins: in all, and for each key of the job's input. */
import type { Issue } from "./errors.ts";
import { leastRate, type Rate } from "./limit-rate.ts";
import { sortedJson } from "./sorted-json.ts";

/** What a plugin declares. */
export interface LimitsRequest {
  /** How many of its steps run at the same time, from 1 to 1,000. */
  readonly concurrency?: number;
  /** How many of its steps begin in a second, a minute or an hour: `"10/s"`, `"100/m"`, `"5/h"`. */
  readonly rate?: string;
  /** How many steps can begin at once after a time in which fewer began than the rate allows. Default: 1. */
  readonly burst?: number;
  readonly perKey?: PerKeyRequest;
  /** How many jobs wait for it, from 1 to 10,000. A submit beyond that is refused. Left out: any number. */
  readonly maxQueued?: number;
  /** Plugins with the same name share the limit. Default: the plugin's own name. */
  readonly name?: string;
}

export interface PerKeyRequest {
  /** The path of a value in the job's input, such as `input.domain`. */
  readonly key: string;
  /** How many steps with the same key run at the same time. */
  readonly concurrency?: number;
  /** How many steps with the same key begin in a second, a minute or an hour. */
  readonly rate?: string;
  readonly burst?: number;
}

interface Numbers {
  /** Null if any number of steps runs at the same time. */
  readonly concurrency: number | null;
  /** Null if steps begin at any rate. */
  readonly rate: string | null;
  readonly burst: number | null;
}

export interface PluginLimits extends Numbers {
  readonly name: string;
  /** Null if keys do not count. */
  readonly perKey: (Numbers & { readonly key: string }) | null;
  /** Left out if any number of jobs waits. */
  readonly maxQueued?: number;
}

/** The limit of a step, and the step's key, which is "" without one. */
export interface StepLimit {
  readonly name: string;
  readonly key: string;
}

/** What a limit allows. Null or left out: any number. */
export interface LimitNumbers {
  readonly concurrency: number | null;
  readonly rate?: Rate | null;
  readonly keyConcurrency: number | null;
  readonly keyRate?: Rate | null;
  readonly maxQueued?: number | null;
}

interface OverrideNumbers {
  readonly concurrency?: number;
  readonly rate?: string;
  readonly burst?: number;
}

/** Numbers that count in place of those that are declared. What is left out stays as it is declared. */
export interface LimitOverride extends OverrideNumbers {
  readonly perKey?: OverrideNumbers;
  readonly maxQueued?: number;
}

/** A limit as the plugins that share it declare it. */
export interface DeclaredLimit extends LimitNumbers {
  readonly name: string;
}

/** Each claim that gives slots counts the ones that are used. */
export const MAX_CONCURRENCY = 1_000;

/** Each submit counts the jobs that wait, up to `maxQueued`. */
export const MAX_LIMIT_QUEUED = 10_000;

/** A longer key is stored as its digest. */
const MAX_KEY_LENGTH = 200;

const KEY_PATH = /^input(?:\.[A-Za-z0-9_$-]{1,64}){1,8}$/;

export function isKeyPath(path: string): boolean {
  return KEY_PATH.test(path);
}

type Given<T> = { readonly [Field in keyof T]: T[Field] | null };

/** Fields that are null count as left out. */
export function toPluginLimits(
  plugin: string,
  request: Given<Omit<LimitsRequest, "perKey">> & { perKey?: Given<PerKeyRequest> | null },
): PluginLimits {
  const { perKey, name, maxQueued } = request;
  return {
    name: name ?? plugin,
    ...toNumbers(request),
    perKey: perKey ? { key: perKey.key ?? "", ...toNumbers(perKey) } : null,
    ...(maxQueued && { maxQueued }),
  };
}

function toNumbers({ concurrency, rate, burst }: Given<Partial<PerKeyRequest>>): Numbers {
  const steps = rate === undefined || rate === null ? null : (burst ?? 1);
  return { concurrency: concurrency ?? null, rate: rate ?? null, burst: steps };
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
    return { name: limit.name, key: toLimitKey(key, digest) };
  });
}

/** A key as it is stored. */
export function toLimitKey(key: string, digest: (text: string) => string): string {
  return key.length > MAX_KEY_LENGTH ? digest(key) : key;
}

/** Of plugins that share a limit, the least number counts. */
export function mergeLimits(limits: readonly PluginLimits[]): DeclaredLimit[] {
  return [...Map.groupBy(limits, ({ name }) => name)].map(([name, sharing]) => ({
    name,
    concurrency: least(sharing.map(({ concurrency }) => concurrency)),
    ...ratePart("rate", sharing),
    keyConcurrency: least(sharing.map(({ perKey }) => perKey?.concurrency ?? null)),
    ...ratePart(
      "keyRate",
      sharing.map(({ perKey }) => perKey),
    ),
    ...maxQueuedPart(sharing),
  }));
}

function maxQueuedPart(sharing: readonly PluginLimits[]): Pick<LimitNumbers, "maxQueued"> {
  const maxQueued = least(sharing.map((limit) => limit.maxQueued ?? null));
  return maxQueued === null ? {} : { maxQueued };
}

function ratePart(
  field: "rate" | "keyRate",
  sharing: readonly (Numbers | null)[],
): Pick<LimitNumbers, "rate" | "keyRate"> {
  const rate = leastRate(sharing.map(toRate));
  return rate === null ? {} : { [field]: rate };
}

function toRate(numbers: Numbers | null): Rate | null {
  return numbers?.rate ? { rate: numbers.rate, burst: numbers.burst ?? 1 } : null;
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

/** The numbers that count. Those of keys are overridden only where keys count. */
export function applyOverride(
  declared: LimitNumbers,
  override: LimitOverride | null,
): LimitNumbers {
  const perKey = hasKeys(declared) ? override?.perKey : undefined;
  return {
    concurrency: override?.concurrency ?? declared.concurrency,
    rate: overrideRate(declared.rate ?? null, override),
    keyConcurrency: perKey?.concurrency ?? declared.keyConcurrency,
    keyRate: overrideRate(declared.keyRate ?? null, perKey),
    maxQueued: override?.maxQueued ?? declared.maxQueued ?? null,
  };
}

function overrideRate(
  declared: Rate | null,
  override: OverrideNumbers | null | undefined,
): Rate | null {
  const rate = override?.rate ?? declared?.rate;
  if (rate === undefined) return null;
  return { rate, burst: override?.burst ?? declared?.burst ?? 1 };
}

/** What is wrong with an override of these numbers, or null. */
export function overrideFault(
  declared: LimitNumbers,
  { perKey, ...all }: LimitOverride,
): Issue | null {
  if (perKey !== undefined && !hasKeys(declared)) {
    const message = `is ${JSON.stringify(perKey)}: leave it out, because no plugin of the limit declares one`;
    return { path: "/perKey", message };
  }
  for (const [path, given, rate] of [
    ["/burst", all, declared.rate],
    ["/perKey/burst", perKey ?? {}, declared.keyRate],
  ] as const) {
    if (given.burst !== undefined && given.rate === undefined && !rate) {
      return { path, message: `is ${given.burst}: it must be beside a rate, such as "10/s"` };
    }
  }
  return null;
}

/** Whether keys count. */
export function hasKeys({ keyConcurrency, keyRate }: LimitNumbers): boolean {
  return keyConcurrency !== null || Boolean(keyRate);
}

/** Whether all its steps together are limited. */
export function limitsAll({ concurrency, rate }: LimitNumbers): boolean {
  return concurrency !== null || Boolean(rate);
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
