/** A real forward proxy on loopback. Like a proxy, it resolves names itself. */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface ForwardProxy {
  readonly port: number;
  /** Each request line with its `Proxy-Authorization`, such as "CONNECT a.example:443 Basic …". */
  readonly seen: readonly string[];
  /** The number of connections that are open. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** The address of every name. Default: 127.0.0.1. */
  readonly address?: string;
  /** The status of every response, in place of the target's. */
  readonly status?: number;
  /** Makes it an https proxy. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const { address = "127.0.0.1", status, tls } = options;
  const seen: string[] = [];
  const open = new Set<Socket>();

  function record({ method, url, headers }: IncomingMessage): void {
    seen.push([method, url, headers["proxy-authorization"]].filter(Boolean).join(" "));
  }

  function onRequest(incoming: IncomingMessage, response: ServerResponse): void {
    record(incoming);
    if (status !== undefined) return void response.writeHead(status).end();
    const { port, pathname, search } = new URL(incoming.url ?? "");
    const { method, headers } = incoming;
    const target = { host: address, port, path: pathname + search, method, headers };
    incoming.pipe(
      request(target, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }).on("error", () => response.writeHead(502).end()),
    );
  }

  function onConnect(incoming: IncomingMessage, client: Duplex): void {
    record(incoming);
    if (status !== undefined) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const port = Number(/:(\d+)$/.exec(incoming.url ?? "")?.[1]);
    const target = connect(port, address, () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on("error", () => {});
      from.on("close", () => to.destroy()).pipe(to);
    }
  }

  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.on("connect", onConnect);
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    connections: () => open.size,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
