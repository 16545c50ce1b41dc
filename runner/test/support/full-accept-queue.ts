/**
 * A TCP server on 127.0.0.1 whose handshake is slow, as that of a far host can be: its accept queue is
 * full, so the kernel drops a SYN, and the client repeats it after a second.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";

export interface FullAcceptQueue {
  readonly port: number;
  /** From now on the server accepts, and responds to each request with 200. */
  release: () => void;
  close(): Promise<void>;
}

const SERVER = `
const { createServer } = require("node:http");
const { parentPort, workerData } = require("node:worker_threads");
const server = createServer((_, response) => response.setHeader("connection", "close").end("reached"));
server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  // The event loop stands still, so nothing is accepted.
  setImmediate(() => Atomics.wait(new Int32Array(workerData), 0, 0));
});
`;

export async function startFullAcceptQueue(): Promise<FullAcceptQueue> {
  const gate = new SharedArrayBuffer(4);
  const worker = new Worker(SERVER, { eval: true, workerData: gate });
  const [port] = (await once(worker, "message")) as [number];
  const fillers = [1, 2, 3].map(() => connect(port, "127.0.0.1").on("error", () => {}));
  await Promise.race(fillers.map((socket) => once(socket, "connect")));
  const release = (): void => {
    for (const socket of fillers) socket.destroy();
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
  };
  return {
    port,
    release,
    async close() {
      release();
      await worker.terminate();
    },
  };
}
