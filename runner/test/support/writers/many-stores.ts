/** A writer thread that serves many stores at once, each over a port of its own. */
import { parentPort, type MessagePort } from "node:worker_threads";
import type { WriterData } from "../../../src/store/sqlite/change.ts";
import { openWriter } from "../../../src/store/sqlite/connection.ts";
import { serveWrites } from "../../../src/store/sqlite/serve-writes.ts";

export interface StoreToServe {
  readonly data: WriterData;
  readonly port: MessagePort;
}

parentPort!.on("message", ({ data, port }: StoreToServe) => {
  const { path, secureDelete, exclusive } = data;
  serveWrites(port, () => openWriter(path, { secureDelete }), { exclusive });
});
