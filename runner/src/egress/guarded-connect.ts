/**
 * undici's connector behind the egress policy. It checks the address in the URL, every address that
 * a name resolves to, and the socket's remote address. A name is resolved once per connection, and
 * the connection goes to a checked address, so a later DNS response cannot redirect it.
 */
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { refusalOf, type EgressPolicy } from "./policy.ts";
import type { Resolve } from "./resolver.ts";

/** The policy forbids the connection. The message names the address and the reason. */
export class EgressRefused extends Error {
  override readonly name = "EgressRefused";
  readonly code = "EGRESS_REFUSED";
}

export interface GuardOptions {
  readonly policy: EgressPolicy;
  readonly resolve: Resolve;
  readonly timeoutMs: number;
}

export function createGuardedConnect(options: GuardOptions): buildConnector.connector {
  const { policy, resolve, timeoutMs } = options;
  const connect = buildConnector({
    timeout: timeoutMs,
    lookup: createLookup(resolve, policy),
    autoSelectFamily: true,
  });
  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, "");
    // Node does not look up an address that is written in the URL, so it is checked here.
    const refusal = isIP(host) === 0 ? null : refusalOf(host, policy);
    if (refusal !== null) return callback(refused(target.hostname, refusal), null);
    return connect(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const reached = socket.remoteAddress;
      const lateRefusal = reached === undefined ? null : refusalOf(reached, policy);
      if (lateRefusal === null) {
        // undici reports the bytes read from a closed socket, but not from a reset one. Only this
        // number is added, because a log of the error prints all its properties.
        socket.once("error", (reset) => {
          Object.assign(reset, { socket: { bytesRead: socket.bytesRead } });
        });
        return callback(null, socket);
      }
      socket.destroy();
      return callback(refused(target.hostname, lateRefusal), null);
    });
  };
}

function refused(hostname: string, refusal: string): EgressRefused {
  return new EgressRefused(`connecting to ${hostname} is not allowed: ${refusal}`);
}

/** Calls back in both of Node's forms: with all addresses, or with one. */
function createLookup(resolve: Resolve, policy: EgressPolicy): LookupFunction {
  return (hostname, { all }, callback) => {
    void resolve(hostname).then(
      (addresses) => {
        const refusal = addresses.map((address) => refusalOf(address, policy)).find(Boolean);
        if (refusal !== undefined && refusal !== null) {
          return callback(refused(hostname, refusal), []);
        }
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        return all === true || first === undefined
          ? callback(null, found)
          : callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}
