/** Endpoints in a separate process that count requests and report to the parent. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceiverCommand =
  | { readonly type: "expect"; readonly count: number }
  | { readonly type: "lags" };

export type ReceiverReport =
  | { readonly type: "listening"; readonly urls: readonly string[] }
  | { readonly type: "reached"; readonly firstAt: number; readonly at: number }
  | { readonly type: "lags"; readonly lags: readonly number[] };

let count = 0;
let expected = Number.POSITIVE_INFINITY;
let firstAt = 0;
/** The times from event to arrival, in ms. */
let lags: number[] = [];

const send = (report: ReceiverReport): void => void process.send?.(report);
const now = (): number => performance.timeOrigin + performance.now();

const [, , endpoints = "1", mode] = process.argv;

function arrived(): void {
  count += 1;
  if (count === 1) firstAt = now();
  if (count === expected) send({ type: "reached", firstAt, at: now() });
}

const counts: RequestListener = (request, response) => {
  request.resume();
  request.on("end", () => {
    response.end();
    arrived();
  });
};

const measuresLags: RequestListener = (request, response) => {
  let body = "";
  request.setEncoding("latin1");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    response.end();
    const at = /"timestamp":"([^"]+)"/.exec(body.slice(0, 200))?.[1];
    if (at !== undefined) lags.push(now() - Date.parse(at));
    arrived();
  });
};

process.on("message", (command: ReceiverCommand) => {
  if (command.type === "expect") {
    count = 0;
    lags = [];
    expected = command.count;
  } else {
    send({ type: "lags", lags });
  }
});
process.on("disconnect", () => process.exit());

const listener = mode === "lags" ? measuresLags : counts;
/** Each endpoint has its own origin. */
const servers = Array.from({ length: Number(endpoints) }, () => createServer(listener));
await Promise.all(
  servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
);
send({
  type: "listening",
  urls: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
});
