import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "./until.ts";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it was received. */
  readonly body: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of an event
  readonly event: any;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Waits until at least `count` requests match. */
  untilReceived(count: number, matches?: (received: Received) => boolean): Promise<Received[]>;
  close(): Promise<void>;
}

type Answer = (received: Received, response: ServerResponse) => void;

/** A real endpoint that stores what it receives and responds with 200, or as `answer` does. */
export async function createReceiver(
  answer: Answer = (_, response) => void response.end("ok"),
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { url = "", headers } = request;
      const one = { path: url, headers, body, event: JSON.parse(body) as unknown };
      received.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    untilReceived: (count, matches = () => true) =>
      until(`${count} requests`, () => {
        const matching = received.filter(matches);
        return matching.length >= count ? matching : null;
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
