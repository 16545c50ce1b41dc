import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface DemoEvent {
  readonly status: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export interface Endpoint {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A small webhook receiver. It responds to its first request with 503, like an endpoint that is
 * still starting, so that the daemon must retry that event.
 */
export async function openEndpoint(
  onEvent: (event: DemoEvent, status: number) => void,
): Promise<Endpoint> {
  let requests = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests += 1;
      const status = requests === 1 ? 503 : 200;
      response.writeHead(status).end();
      onEvent(JSON.parse(Buffer.concat(chunks).toString()) as DemoEvent, status);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
