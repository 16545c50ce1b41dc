import { lookup as systemLookup } from "node:dns/promises";

/** The system's lookup shares four threads with file access. It uses at most two of them. */
const MAX_LOOKUPS = 2;
const TIMEOUT_MS = 10_000;

type Lookup = (hostname: string) => Promise<readonly { readonly address: string }[]>;

/**
 * Asks the system, which knows more than DNS (mDNS, the names of containers). Rejects with ETIMEOUT
 * after 10 s, of which a part can be the wait for other lookups.
 */
export function createSystemLookup({
  lookup = (hostname) => systemLookup(hostname, { all: true }),
  timeoutMs = TIMEOUT_MS,
}: { lookup?: Lookup; timeoutMs?: number } = {}): Lookup {
  const waiting: (() => void)[] = [];
  let free = MAX_LOOKUPS;

  async function takeTurn(signal: AbortSignal, hostname: string): ReturnType<Lookup> {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      return signal.aborted ? [] : await lookup(hostname);
    } finally {
      // A lookup that is too late still occupies its thread until here.
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  }

  return async (hostname) => {
    const late = new AbortController();
    const { promise: timedOut, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new Error(`the system did not resolve ${hostname} within ${timeoutMs} ms`);
      late.abort(error);
      reject(Object.assign(error, { code: "ETIMEOUT" }));
    }, timeoutMs);
    try {
      return await Promise.race([takeTurn(late.signal, hostname), timedOut]);
    } finally {
      clearTimeout(timer);
    }
  };
}
