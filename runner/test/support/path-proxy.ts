/** A reverse proxy that serves a daemon under a path, like nginx with and without a rewrite. */
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface PathProxy {
  /** Where browsers find the daemon: with the path, without a slash at its end. */
  readonly url: string;
  /** The daemon's own address. Must be set before the first request. */
  target: string;
  /** Cuts the open streams, and refuses new ones until `allowStreams`. */
  cutStreams: () => void;
  allowStreams: () => void;
  close: () => Promise<void>;
}

export async function startPathProxy(options: {
  readonly path: string;
  /** Whether the daemon gets the path too. */
  readonly keepsPath: boolean;
}): Promise<PathProxy> {
  const { path, keepsPath } = options;
  const streams = new Set<ServerResponse>();
  let isCut = false;

  const server = createServer((incoming, response) => {
    const { url = "", method, headers } = incoming;
    if (!url.startsWith(`${path}/`)) return void response.writeHead(404).end("not the daemon's");
    const isStream = headers.accept === "text/event-stream";
    if (isStream && isCut) return void response.writeHead(502).end("cut");
    const to = new URL(proxy.target + (keepsPath ? url : url.slice(path.length)));
    const outgoing = request(to, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      if (isStream) streams.add(response);
    });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => {
      streams.delete(response);
      outgoing.destroy();
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const proxy: PathProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    target: "",
    cutStreams() {
      isCut = true;
      for (const response of streams) response.destroy();
    },
    allowStreams() {
      isCut = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
