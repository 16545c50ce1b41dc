/**
 * The forward proxy. undici's ProxyAgent is not used: it replaces the connector, and with it the
 * egress policy, and it opens any number of connections. As with curl, an `http:` request names its
 * whole URL to the proxy, and an `https:` connection goes through a tunnel.
 */
import { request } from "node:http";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import { isBypassed, type ProxySettings } from "./proxy-settings.ts";

export interface Proxy {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number;
  covers(target: { readonly hostname: string; readonly port: number }): boolean;
  /** Asks the proxy, on a socket to it, for a tunnel to the target. */
  openTunnel(socket: Duplex, target: { hostname: string; port: number }): Promise<Duplex>;
  /** Makes a dispatcher whose connector connects to the proxy send what the proxy expects. */
  readonly interceptor: Dispatcher.DispatcherComposeInterceptor;
}

/** The proxy gave no tunnel. */
class TunnelRefused extends Error {
  override readonly name = "TunnelRefused";
  readonly code = "PROXY_REFUSED";
}

export function createProxy({ url, bypass }: ProxySettings): Proxy {
  const { protocol, hostname, port, username, password } = new URL(url);
  const proxyPort = toPort(port, protocol);
  const credential = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const authorization = username === "" ? null : `Basic ${credential.toString("base64")}`;

  const covers: Proxy["covers"] = (target) => !isBypassed(target, bypass);

  return {
    protocol,
    hostname: withoutBrackets(hostname),
    port: proxyPort,
    covers,
    openTunnel(socket, target) {
      const host = target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname;
      const path = `${host}:${target.port}`;
      const headers = {
        host: path,
        connection: "keep-alive",
        ...(authorization !== null && { "proxy-authorization": authorization }),
      };
      const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
      request({ method: "CONNECT", path, headers, createConnection: () => socket })
        .once("connect", ({ statusCode = 0 }, tunnel, head) => {
          if (head.length > 0) tunnel.unshift(head);
          if (statusCode >= 200 && statusCode < 300) return resolve(tunnel);
          tunnel.destroy();
          reject(
            new TunnelRefused(
              `the proxy ${hostname}:${proxyPort} responded with status ${statusCode} when asked to connect to ${path}`,
            ),
          );
        })
        .once("error", reject)
        .end();
      return promise;
    },
    interceptor: (dispatch) => (options, handler) => {
      const origin = new URL(options.origin ?? "");
      const target = {
        hostname: withoutBrackets(origin.hostname),
        port: toPort(origin.port, "http:"),
      };
      if (origin.protocol !== "http:" || !covers(target)) return dispatch(options, handler);
      const path = `${origin.origin}${options.path}`;
      return dispatch(
        { ...options, path, headers: withOwn(options.headers, authorization) },
        handler,
      );
    },
  };
}

type Headers = NonNullable<Dispatcher.DispatchOptions["headers"]>;

/** The target's own `Proxy-Authorization` would reach the proxy, so it is removed. */
function withOwn(headers: Headers | null | undefined, authorization: string | null): Headers {
  const pairs: [string, string | string[] | undefined][] = Array.isArray(headers)
    ? headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : []))
    : Symbol.iterator in Object(headers)
      ? [...(headers as Iterable<[string, string | string[] | undefined]>)]
      : Object.entries(headers ?? {});
  const others = pairs.filter(([name]) => name.toLowerCase() !== "proxy-authorization");
  if (authorization !== null) others.push(["proxy-authorization", authorization]);
  return Object.fromEntries(others);
}

export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

export function toPort(port: string, protocol: string): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
