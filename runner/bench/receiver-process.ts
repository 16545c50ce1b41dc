/** The endpoint, in a process of its own: counts what arrives, keeps when, and tells its parent. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceiverCommand =
  | { readonly type: "expect"; readonly count: number }
  | { readonly type: "arrivals"; readonly jobIds: readonly string[] };

export type ReceiverReport =
  | { readonly type: "listening"; readonly urls: readonly string[] }
  | { readonly type: "reached"; readonly firstAt: number; readonly at: number }
  | { readonly type: "arrivals"; readonly startedAt: readonly (number | null)[] };

let count = 0;
let expected = Number.POSITIVE_INFINITY;
let firstAt = 0;
const startedAt = new Map<string, number>();

const send = (report: ReceiverReport): void => void process.send?.(report);
const now = (): number => performance.timeOrigin + performance.now();

const listener: RequestListener = (request, response) => {
  let body = "";
  request.setEncoding("latin1");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    response.end();
    count += 1;
    if (count === 1) firstAt = now();
    if (body.startsWith('{"status":"started"')) {
      const id = /"jobId":"([^"]+)"/.exec(body)?.[1];
      if (id !== undefined) startedAt.set(id, now());
    }
    if (count === expected) send({ type: "reached", firstAt, at: now() });
  });
};

process.on("message", (command: ReceiverCommand) => {
  if (command.type === "expect") {
    count = 0;
    startedAt.clear();
    expected = command.count;
  } else {
    const times = command.jobIds.map((id) => startedAt.get(id) ?? null);
    send({ type: "arrivals", startedAt: times });
  }
});
process.on("disconnect", () => process.exit());

/** As many endpoints, each an origin of its own, as the first argument says. */
const servers = Array.from({ length: Number(process.argv[2] ?? 1) }, () => createServer(listener));
await Promise.all(
  servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
);
send({
  type: "listening",
  urls: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
});
