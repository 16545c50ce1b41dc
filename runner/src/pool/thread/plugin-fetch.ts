/**
 * `ctx.fetch`: the web's fetch, aborted with the step, behind the egress policy at each connection,
 * so that a redirect is judged as well. The one place that plugins' requests pass.
 */
import type { EgressPolicy } from "../../egress/policy.ts";

const CONNECT_TIMEOUT_MS = 10_000;

type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

/** One for all steps of the thread; made by the first that fetches, for it costs 4 MB. */
let dispatcher: Promise<Dispatcher> | null = null;

export function createPluginFetch(
  signal: AbortSignal,
  policy: EgressPolicy,
): typeof globalThis.fetch {
  return async (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : null);
    const either = own ? AbortSignal.any([signal, own]) : signal;
    dispatcher ??= createDispatcher(policy);
    try {
      return await fetch(input, { ...init, dispatcher: await dispatcher, signal: either });
    } catch (error) {
      throw refusalIn(error) ?? error;
    }
  };
}

async function createDispatcher(policy: EgressPolicy): Promise<Dispatcher> {
  const [{ Agent, Dispatcher1Wrapper }, { createGuardedConnect }, { createResolver }] =
    await Promise.all([
      import("undici"),
      import("../../egress/guarded-connect.ts"),
      import("../../egress/resolver.ts"),
    ]);
  const resolve = createResolver();
  const connect = createGuardedConnect({ policy, resolve, timeoutMs: CONNECT_TIMEOUT_MS });
  // Node's own fetch, whose Request and Response are those that plugins know, speaks undici 7.
  return new Dispatcher1Wrapper(new Agent({ connect })) as unknown as Dispatcher;
}

/** fetch says "fetch failed" of every connection that was not made; the guard's own words are better. */
function refusalIn(error: unknown): Error | null {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && "code" in cause && cause.code === "EGRESS_REFUSED"
    ? cause
    : null;
}
