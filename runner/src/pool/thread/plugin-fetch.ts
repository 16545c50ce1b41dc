/**
 * `ctx.fetch`: the standard fetch, aborted with the step. The egress policy checks every connection,
 * so it covers redirects too.
 */
import type { TraceContext } from "../../domain/trace-context.ts";
import type { EgressSettings } from "../../egress/egress-settings.ts";

type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

/** Shared by all steps of the thread, and made by the first that fetches, because it costs 4 MB. */
let dispatcher: Promise<Dispatcher> | null = null;

export function createPluginFetch(
  signal: AbortSignal,
  { egress, trace }: { readonly egress: EgressSettings; readonly trace: TraceContext | undefined },
): typeof globalThis.fetch {
  return async (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : null);
    const either = own ? AbortSignal.any([signal, own]) : signal;
    dispatcher ??= createDispatcher(egress);
    try {
      return await fetch(input, {
        ...init,
        ...(trace !== undefined && { headers: withTrace(input, init, trace) }),
        dispatcher: await dispatcher,
        signal: either,
      });
    } catch (error) {
      throw refusalIn(error) ?? error;
    }
  };
}

/** A plugin that traces its own requests has set the headers. */
function withTrace(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
  trace: TraceContext,
): Headers {
  const headers = new Headers(
    init?.headers ?? (input instanceof Request ? input.headers : undefined),
  );
  if (headers.has("traceparent")) return headers;
  for (const [name, value] of Object.entries(trace)) headers.set(name, value as string);
  return headers;
}

async function createDispatcher(egress: EgressSettings): Promise<Dispatcher> {
  const [{ Dispatcher1Wrapper }, { createEgressAgent }, { createResolver }] = await Promise.all([
    import("undici"),
    import("../../egress/agent.ts"),
    import("../../egress/resolver.ts"),
  ]);
  const agent = createEgressAgent(egress, createResolver());
  // Node's own fetch, which has the Request and Response that plugins use, expects undici 7.
  return new Dispatcher1Wrapper(agent) as unknown as Dispatcher;
}

/** The policy's own error, which fetch hides behind "fetch failed". */
function refusalIn(error: unknown): Error | null {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && "code" in cause && cause.code === "EGRESS_REFUSED"
    ? cause
    : null;
}
