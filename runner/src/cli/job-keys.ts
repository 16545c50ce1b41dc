import type { DedupeRequest } from "../http/contract/dedupe.ts";
import type { DebounceRequest } from "../http/contract/debounce.ts";
import { BadSetting } from "../config.ts";
import type { Given } from "./command-contract.ts";
import type { run as contract } from "./contract/plugins.ts";
import { requireDuration } from "./require-duration.ts";
import type { z } from "zod";

type Flags = Given<typeof contract>["flags"];

const DEDUPE = ["dedupe-while", "dedupe-ttl"] as const;
const DEBOUNCE = ["debounce-delay", "debounce-max", "debounce-mode", "debounce-collect"] as const;

/** The keys of a job, by its flags. */
export function toJobKeys(flags: Flags): {
  dedupe?: z.infer<typeof DedupeRequest>;
  debounce?: z.infer<typeof DebounceRequest>;
} {
  const dedupe = toDedupe(flags);
  const debounce = toDebounce(flags);
  return { ...(dedupe && { dedupe }), ...(debounce && { debounce }) };
}

function toDedupe(flags: Flags): z.infer<typeof DedupeRequest> | null {
  const { "dedupe-key": key, "dedupe-while": span, "dedupe-ttl": ttl } = flags;
  if (key === undefined) return refuseWithoutKey(flags, "--dedupe-key", DEDUPE);
  if (ttl === undefined) return { key, while: span ?? "active" };
  if (span === undefined) return { key, ttlMs: requireDuration("--dedupe-ttl", ttl) };
  throw new BadSetting("--dedupe-while and --dedupe-ttl exclude each other: give one of them.");
}

function toDebounce(flags: Flags): z.infer<typeof DebounceRequest> | null {
  const { "debounce-key": key, "debounce-mode": mode, "debounce-collect": collect } = flags;
  const { "debounce-delay": delay, "debounce-max": max } = flags;
  if (key === undefined) return refuseWithoutKey(flags, "--debounce-key", DEBOUNCE);
  if (delay === undefined || max === undefined) {
    throw new BadSetting(
      "--debounce-key needs --debounce-delay and --debounce-max, which say how long the job waits.",
    );
  }
  return {
    key,
    delayMs: requireDuration("--debounce-delay", delay),
    maxMs: requireDuration("--debounce-max", max),
    ...(mode !== undefined && { mode }),
    ...(collect !== undefined && { collect }),
  };
}

function refuseWithoutKey(flags: Flags, key: string, others: readonly (keyof Flags)[]): null {
  const given = others.find((name) => flags[name] !== undefined);
  if (given === undefined) return null;
  throw new BadSetting(`--${given} needs ${key}, which names the key.`);
}
