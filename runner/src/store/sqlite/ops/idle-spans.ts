/**
 * Time that does not count for a delivery's age. It is read only for a delivery that could be too old,
 * so storing and sending events cost nothing more.
 */
import type { DatabaseSync } from "node:sqlite";
import { activeMs, type IdleSpan } from "../../../domain/delivery-age.ts";
import { prepare } from "../statement.ts";

/** Older spans are deleted: no delivery is open that long without being paused. */
const KEPT_MS = 366 * 24 * 60 * 60 * 1000;

export interface IdleSpans {
  /** `destination` is null for a span in which the daemon was down. */
  add(span: IdleSpan & { readonly destination: number | null }): void;
  /** The time between two instants in which the daemon was up and the destination not stopped. */
  activeMs(destination: number, from: number, until: number): number;
  /** The time between two instants in which the daemon was up. */
  upMs(from: number, until: number): number;
}

export function prepareIdleSpans(db: DatabaseSync): IdleSpans {
  const insert = prepare(
    db,
    `INSERT INTO idle_spans (destination, from_at, until_at) VALUES (?, ?, ?)`,
  );
  const removeOld = prepare(db, `DELETE FROM idle_spans WHERE destination IS ? AND until_at < ?`);
  const find = prepare<IdleSpan>(
    db,
    `SELECT from_at AS "from", until_at AS until FROM idle_spans
     WHERE destination IS ? AND until_at > ?`,
  );
  return {
    add({ destination, from, until }) {
      if (until <= from) return;
      removeOld.run(destination, until - KEPT_MS);
      insert.run(destination, from, until);
    },
    activeMs: (destination, from, until) =>
      activeMs(from, until, [...find.all(null, from), ...find.all(destination, from)]),
    upMs: (from, until) => activeMs(from, until, find.all(null, from)),
  };
}
