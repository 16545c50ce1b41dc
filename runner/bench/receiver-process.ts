/** The endpoint, in a process of its own: counts what arrives, keeps when, and tells its parent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceiverCommand =
  | { readonly type: "expect"; readonly count: number }
  | { readonly type: "arrivals"; readonly jobIds: readonly string[] };

export type ReceiverReport =
  | { readonly type: "listening"; readonly url: string }
  | { readonly type: "reached"; readonly at: number }
  | { readonly type: "arrivals"; readonly startedAt: readonly (number | null)[] };

let count = 0;
let expected = Number.POSITIVE_INFINITY;
const startedAt = new Map<string, number>();

const send = (report: ReceiverReport): void => void process.send?.(report);
const now = (): number => performance.timeOrigin + performance.now();

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("latin1");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    response.end();
    count += 1;
    if (body.startsWith('{"status":"started"')) {
      const id = /"jobId":"([^"]+)"/.exec(body)?.[1];
      if (id !== undefined) startedAt.set(id, now());
    }
    if (count === expected) send({ type: "reached", at: now() });
  });
});

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

server.listen(0, "127.0.0.1", () => {
  send({ type: "listening", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
});
