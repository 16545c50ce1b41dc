/**
 * `ctx.fetch`: the standard fetch, aborted with the step. The egress policy checks every connection,
 * so it covers redirects too.
 */
import type { EgressPolicy } from "../../egress/policy.ts";

const CONNECT_TIMEOUT_MS = 10_000;

type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

/** Shared by all steps of the thread, and made by the first that fetches, because it costs 4 MB. */
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
  // Node's own fetch, which has the Request and Response that plugins use, expects undici 7.
  return new Dispatcher1Wrapper(new Agent({ connect })) as unknown as Dispatcher;
}

/** The policy's own error, which fetch hides behind "fetch failed". */
function refusalIn(error: unknown): Error | null {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && "code" in cause && cause.code === "EGRESS_REFUSED"
    ? cause
    : null;
}
