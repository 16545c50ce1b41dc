import { Agent, type Dispatcher } from "undici";
import type { EgressSettings } from "./egress-settings.ts";
import { createGuardedConnect } from "./guarded-connect.ts";
import { createProxy } from "./proxy.ts";
import type { Resolve } from "./resolver.ts";

/** Endpoints behind single sign-on set many cookies. Node's and undici's default is 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024;

/** The HTTP client of deliveries and of `ctx.fetch`. */
export function createEgressAgent(
  egress: EgressSettings,
  resolve: Resolve,
  options: Omit<Agent.Options, "connect" | "allowH2" | "maxHeaderSize"> = {},
): Dispatcher {
  const proxy = egress.proxy === undefined ? null : createProxy(egress.proxy);
  const agent = new Agent({
    ...options,
    allowH2: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: createGuardedConnect({ egress, proxy, resolve, maxHeaderBytes: 2 * MAX_HEADER_BYTES }),
  });
  return proxy === null ? agent : agent.compose(proxy.interceptor);
}
