/**
 * undici's connector behind the egress policy. It checks the address in the URL, every address that
 * a name resolves to, and the socket's remote address. A name is resolved once per connection, and
 * the connection goes to a checked address, so a later DNS response cannot redirect it.
 *
 * Behind a proxy, the proxy resolves the name again and decides. The policy then refuses what it can
 * recognize: addresses in the URL, and names that this machine resolves to a forbidden address.
 */
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { buildConnector } from "undici";
import type { ClientCertificate } from "../domain/client-certificate.ts";
import type { EgressSettings } from "./egress-settings.ts";
import { openSocket } from "./open-socket.ts";
import { refusalOf, type EgressPolicy } from "./policy.ts";
import { toPort, withoutBrackets, type Proxy } from "./proxy.ts";
import type { Resolve } from "./resolver.ts";
import { repairResponseHeads } from "./response-heads.ts";

/** The policy forbids the connection. The message names the address and the reason. */
export class EgressRefused extends Error {
  override readonly name = "EgressRefused";
  readonly code = "EGRESS_REFUSED";
}

/** Includes resolving the name, the proxy's tunnel and TLS. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Behind a proxy, this machine often cannot resolve the names of other networks. */
const PROXIED_CHECK_MS = 1_000;

export interface GuardOptions {
  readonly egress: EgressSettings;
  readonly proxy: Proxy | null;
  readonly resolve: Resolve;
  readonly maxHeaderBytes: number;
  readonly timeoutMs?: number;
}

export function createGuardedConnect(options: GuardOptions): buildConnector.connector {
  const { egress, proxy, resolve, maxHeaderBytes, timeoutMs = CONNECT_TIMEOUT_MS } = options;
  const { policy } = egress;
  const startTls = createTls(egress);
  const startProxyTls = createTls({ ca: egress.ca });

  async function connectDirectly(target: Target, signal: AbortSignal): Promise<Socket> {
    const { hostname, port } = target;
    const addresses = await addressesOf(hostname, resolve);
    check(hostname, addresses, policy);
    const socket = await openSocket({ addresses, port, signal });
    try {
      if (socket.remoteAddress !== undefined) check(hostname, [socket.remoteAddress], policy);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  }

  async function connectByProxy(target: Target, via: Proxy, signal: AbortSignal): Promise<Duplex> {
    const [addresses] = await Promise.all([
      addressesOf(via.hostname, resolve),
      checkBehindProxy(target.hostname, { policy, resolve }),
    ]);
    const tcp = await openSocket({ addresses, port: via.port, signal });
    const socket = via.protocol === "https:" ? await startProxyTls(tcp, toTls(via)) : tcp;
    return target.protocol === "https:" ? via.openTunnel(socket, target) : socket;
  }

  async function connect(target: Target, signal: AbortSignal): Promise<Socket> {
    const isProxied = proxy !== null && proxy.covers(target);
    const open = isProxied
      ? await connectByProxy(target, proxy, signal)
      : await connectDirectly(target, signal);
    const socket = target.protocol === "https:" ? await startTls(open, target) : (open as Socket);
    repairResponseHeads(socket, maxHeaderBytes);
    // undici reports the bytes read from a closed socket, but not from a reset one. Only this
    // number is added, because a log of the error prints all its properties.
    socket.once("error", (error) => {
      Object.assign(error, { socket: { bytesRead: socket.bytesRead } });
      // After an alert of the endpoint the socket ends, and undici would report only that.
      socket.destroy(error);
    });
    return socket;
  }

  return (given, callback) => {
    const port = toPort(given.port, given.protocol);
    const target = { ...given, hostname: withoutBrackets(given.hostname), port };
    const deadline = startDeadline(`${given.hostname}:${port}`, timeoutMs);
    Promise.race([connect(target, deadline.signal), deadline.passed])
      .finally(deadline.clear)
      .then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
  };
}

interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly host?: string | undefined;
  readonly port: number;
  readonly servername?: string | undefined;
}

function startDeadline(where: string, timeoutMs: number) {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = Object.assign(new Error(`no connection to ${where} within ${timeoutMs} ms`), {
      code: "UND_ERR_CONNECT_TIMEOUT",
    });
    controller.abort(error);
    reject(error);
  }, timeoutMs);
  return { signal: controller.signal, passed: promise, clear: () => clearTimeout(timer) };
}

async function addressesOf(hostname: string, resolve: Resolve): Promise<readonly string[]> {
  return isIP(hostname) === 0 ? resolve(hostname) : [hostname];
}

/** Throws `EgressRefused` if the policy forbids one of the addresses. */
function check(hostname: string, addresses: readonly string[], policy: EgressPolicy): void {
  for (const address of addresses) {
    const refusal = refusalOf(address, policy);
    if (refusal === null) continue;
    throw new EgressRefused(`connecting to ${hostname} is not allowed: ${refusal}`);
  }
}

/** A policy that lists networks refuses names that it cannot check. */
async function checkBehindProxy(
  hostname: string,
  { policy, resolve }: { policy: EgressPolicy; resolve: Resolve },
): Promise<void> {
  const found = addressesOf(hostname, resolve);
  const addresses =
    policy.mode === "list"
      ? await found
      : await Promise.race([found, sleep(PROXIED_CHECK_MS, [], { ref: false })]).catch(() => []);
  check(hostname, addresses, policy);
}

type StartTls = (socket: Duplex, target: Target) => Promise<Socket>;

/** The context is made for the first connection. With Node's own authorities it takes 10 ms. */
function createTls({
  ca,
  clientCertificate: client,
  verifyTls = true,
}: Pick<EgressSettings, "ca" | "clientCertificate" | "verifyTls">): StartTls {
  let connector: buildConnector.connector | null = null;
  return (socket, target) => {
    connector ??= buildConnector({
      allowH2: false,
      timeout: 0,
      rejectUnauthorized: verifyTls,
      ...(ca === undefined && client === undefined ? {} : { secureContext: toContext(ca, client) }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const { port, ...others } = target;
    connector(
      { ...others, port: String(port), httpSocket: socket as Socket } as buildConnector.Options,
      (...[error, secure]) => (error === null ? resolve(secure) : reject(error)),
    );
    return promise;
  };
}

function toContext(ca?: string, client?: ClientCertificate): SecureContext {
  return createSecureContext({
    ...(ca !== undefined && { ca: [...getCACertificates("default"), ca] }),
    ...client,
  });
}

function toTls({ protocol, hostname, port }: Proxy): Target {
  return { protocol, hostname, host: hostname, port };
}
