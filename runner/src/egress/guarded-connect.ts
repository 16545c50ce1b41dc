/**
 * undici's connector behind the egress policy: the address in the URL, every address that a name
 * resolves to, and the address that the socket really has. The name is resolved once per
 * connection and the connection goes to what was checked, so a second answer cannot differ.
 */
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { refusalOf, type EgressPolicy } from "./policy.ts";
import type { Resolve } from "./resolver.ts";

/** A connection that the policy forbids; the message says which address and why. */
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
    // Node never looks up a literal, so it is judged here.
    const refusal = isIP(host) === 0 ? null : refusalOf(host, policy);
    if (refusal !== null) return callback(refused(target.hostname, refusal), null);
    return connect(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const reached = socket.remoteAddress;
      const late = reached === undefined ? null : refusalOf(reached, policy);
      if (late === null) {
        // undici tells whether there had been an answer when the socket was closed, and not when it
        // was reset. The number alone: whoever logs the error shows all that is in it.
        socket.once("error", (reset) => {
          Object.assign(reset, { socket: { bytesRead: socket.bytesRead } });
        });
        return callback(null, socket);
      }
      socket.destroy();
      return callback(refused(target.hostname, late), null);
    });
  };
}

function refused(hostname: string, refusal: string): EgressRefused {
  return new EgressRefused(`connecting to ${hostname} is not allowed: ${refusal}`);
}

/** Answers in both of Node's forms: all addresses, or one. */
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
