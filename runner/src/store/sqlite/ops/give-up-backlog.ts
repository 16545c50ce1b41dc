import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";

/** Deliveries that one slice looks at. More would make other changes wait for it. */
const SLICE_SIZE = 500;
/** Above every id. */
const NEWEST = Number.MAX_SAFE_INTEGER;

export interface GiveUpBacklog {
  /**
   * Makes the newest open deliveries of a webhook that is off dead. Those in flight too: their claims
   * go on. The others follow slice by slice.
   */
  begin(webhook: number, at: number): void;
  /** Gives up one slice of one webhook. False if there is nothing to give up. */
  next(at: number): boolean;
  /** The webhook is on again: what has not been given up is sent. */
  stop(webhook: number): void;
}

export function prepareGiveUpBacklog(db: DatabaseSync): GiveUpBacklog {
  const findNext = prepare<{ webhook: number; given_up_to: number }>(
    db,
    `SELECT webhook, given_up_to FROM persistent_webhooks INDEXED BY persistent_webhooks_giving_up
     WHERE given_up_to IS NOT NULL LIMIT 1`,
  );
  const findLast = prepare<{ id: number }>(
    db,
    `SELECT id FROM deliveries INDEXED BY deliveries_by_webhook WHERE webhook = ? AND id < ?
     ORDER BY id DESC LIMIT 1 OFFSET ${SLICE_SIZE - 1}`,
  );
  const endSlice = prepare(
    db,
    `UPDATE deliveries INDEXED BY deliveries_by_webhook
     SET state = 'dead', due_at = NULL, ended_at = ?4,
       reason = (SELECT coalesce(reason, 'The webhook is off.') FROM persistent_webhooks WHERE webhook = ?1)
     WHERE webhook = ?1 AND id >= ?2 AND id < ?3 AND state IN ('waiting', 'due')`,
  );
  const setProgress = prepare(
    db,
    `UPDATE persistent_webhooks SET given_up_to = ? WHERE webhook = ?`,
  );
  const findDestination = prepare<{ destination: number }>(
    db,
    `SELECT destination FROM webhooks WHERE seq = ?`,
  );
  const destinations = prepareDestinations(db);

  function giveUp({ webhook, below, at }: { webhook: number; below: number; at: number }): void {
    const last = findLast.get(webhook, below)?.id;
    endSlice.run(webhook, last ?? 0, below, at);
    setProgress.run(last ?? null, webhook);
    const found = findDestination.get(webhook);
    if (found !== undefined) destinations.recomputeReadyAt(found.destination);
  }

  return {
    begin: (webhook, at) => giveUp({ webhook, below: NEWEST, at }),
    next(at) {
      const found = findNext.get();
      if (found === undefined) return false;
      giveUp({ webhook: found.webhook, below: found.given_up_to, at });
      return true;
    },
    stop: (webhook) => void setProgress.run(null, webhook),
  };
}
