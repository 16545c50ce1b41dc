import type { DatabaseSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import { applyGroup } from "./apply-group.ts";
import type { FromWriter, ToWriter } from "./change.ts";
import { migrate } from "./migrate.ts";
import { createOperations, type OperationOptions } from "./operations.ts";
import { prepareReturnFreeSpace } from "./return-free-space.ts";
import { toErrorData } from "./store-error.ts";

/** Runs the writer thread: opens and migrates the database, applies write groups, closes. */
export function serveWrites(
  port: MessagePort,
  open: () => DatabaseSync,
  options: OperationOptions = { exclusive: true },
): void {
  const send = (message: FromWriter): void => port.postMessage(message);
  let db: DatabaseSync | null = null;
  try {
    db = open();
    migrate(db);
    const target = { db, operations: createOperations(db, options) };
    const returnFreeSpace = prepareReturnFreeSpace(db);
    port.on("message", (message: ToWriter) => {
      switch (message.kind) {
        case "group":
          send({ kind: "applied", ...applyGroup(target, message.changes) });
          return;
        case "return-space":
          send(returnSpace(() => returnFreeSpace(message.limit)));
          return;
        case "close":
          target.db.close();
          port.close();
          return;
      }
    });
    send({ kind: "ready" });
  } catch (error) {
    db?.close();
    send({ kind: "cannot-open", error: toErrorData(error) });
    port.close();
  }
}

function returnSpace(returnFreeSpace: () => boolean): FromWriter {
  try {
    return { kind: "returned", more: returnFreeSpace() };
  } catch (error) {
    return { kind: "not-returned", error: toErrorData(error) };
  }
}
