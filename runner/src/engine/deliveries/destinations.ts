import {
  allowance,
  begun,
  ended,
  isFailing,
  isIdle,
  isOpen,
  resume,
  newDestination,
  nextAllowanceAt,
  type Destination,
  type DestinationOutcome,
  type DestinationPolicy,
} from "../../domain/destination.ts";
import type { DueDestination } from "../../ports/store/destinations.ts";

interface Entry {
  readonly policy: DestinationPolicy;
  destination: Destination;
  /** Aborted when the destination is held. */
  recall: AbortController;
}

/**
 * The destinations that this process is sending in, or has reason to hold back. `now` is an instant of
 * the clock that nobody can set.
 */
export interface Destinations {
  /** Shares `room` attempts out among the destinations; those that may send none are left out. */
  share(due: readonly DueDestination[], request: { room: number; now: number }): readonly Share[];
  begun(id: number, attempts: number, now: number): void;
  /** Aborted when the destination is held, or held already: what has not been sent by then is not to be. */
  recall(id: number, now: number): AbortSignal;
  /** For how long the destination is held from now on, in ms; 0 when the outcome does not hold it. */
  ended(id: number, outcome: DestinationOutcome, now: number): number;
  /** Ends the destination's hold. */
  resume(id: number, now: number): void;
  /** Destinations that may not send now, whatever is due in them. */
  full(now: number): readonly number[];
  /** When a destination that is full now may send without an attempt's end; null when none will. */
  nextAllowanceAt(now: number): number | null;
  open(): number;
}

export interface Share {
  readonly id: number;
  readonly limit: number;
}

const HELD = "held";
/** Destinations remembered, for what their concurrency limits and their failures tell. */
const KEPT = 10_000;

export function createDestinations(options: {
  maxConcurrency: number;
  maxInFlight: number;
}): Destinations {
  const entries = new Map<number, Entry>();
  /**
   * Those that may have to wait though they look due. A hold is the store's to keep; it is in here
   * only while the store does not know of it: on its way there, or over by a clock set forward.
   */
  const busy = new Set<number>();
  /** Failing destinations get half of the attempts, or many dead endpoints would take them all. */
  const maxFailing = Math.max(1, Math.floor(options.maxInFlight / 2));

  function entryOf({ id, ratePerSecond }: DueDestination, now: number): Entry {
    const known = entries.get(id);
    const policy = { maxConcurrency: options.maxConcurrency, ratePerSecond };
    const destination =
      known === undefined || isIdle(known.destination, known.policy, now)
        ? newDestination(policy, now)
        : known.destination;
    if (known === undefined && entries.size >= KEPT) forgetOldest(entries, busy);
    const entry = { policy, destination, recall: known?.recall ?? new AbortController() };
    // Last in the map's order: the first is the one that was due longest ago.
    entries.delete(id);
    entries.set(id, entry);
    return entry;
  }

  function roomForFailing(): number {
    let room = maxFailing;
    for (const id of busy) {
      const destination = entries.get(id)?.destination;
      if (destination !== undefined && isFailing(destination)) room -= destination.inFlight;
    }
    return room;
  }

  return {
    share(due, { room, now }) {
      const wanting = due
        .map((destination) => {
          const { destination: state, policy } = entryOf(destination, now);
          return { id: destination.id, state, limit: allowance(state, policy, now) };
        })
        .filter(({ id, limit }) => {
          if (limit === 0) busy.add(id);
          return limit > 0;
        });
      const fair = Math.max(1, Math.floor(room / Math.max(1, wanting.length)));
      const shares: Share[] = [];
      const left = { all: room, failing: roomForFailing() };
      for (const { id, state, limit } of wanting) {
        const most = isFailing(state) ? Math.min(left.all, left.failing) : left.all;
        const share = Math.min(limit, fair, most);
        if (share <= 0) {
          busy.add(id);
          continue;
        }
        shares.push({ id, limit: share });
        left.all -= share;
        if (isFailing(state)) left.failing -= share;
      }
      return shares;
    },
    begun(id, attempts, now) {
      const entry = entries.get(id);
      if (entry === undefined || attempts === 0) return;
      entry.destination = begun(entry.destination, entry.policy, { now, attempts });
      busy.add(id);
    },
    recall: (id, now) => recallOf(entries.get(id), now),
    ended(id, outcome, now) {
      const entry = entries.get(id);
      if (entry === undefined) return 0;
      const destination = ended(entry.destination, entry.policy, { outcome, now });
      entry.destination = destination;
      if (destination.inFlight === 0 && entry.policy.ratePerSecond === null) busy.delete(id);
      if (outcome.kind !== "failed" || destination.pausedUntil <= now) return 0;
      // With a reason of its own, abort() makes no DOMException.
      entry.recall.abort(HELD);
      entry.recall = new AbortController();
      return destination.pausedUntil - now;
    },
    resume(id, now) {
      const entry = entries.get(id);
      if (entry !== undefined) entry.destination = resume(entry.destination, now);
    },
    full(now) {
      const full: number[] = [];
      const isFailingFull = roomForFailing() <= 0;
      for (const id of busy) {
        const entry = entries.get(id);
        if (entry === undefined) continue;
        const { destination, policy } = entry;
        if (allowance(destination, policy, now) === 0 || (isFailingFull && isFailing(destination)))
          full.push(id);
        else if (destination.inFlight === 0) busy.delete(id);
      }
      return full;
    },
    nextAllowanceAt(now) {
      let next: number | null = null;
      for (const id of busy) {
        const entry = entries.get(id);
        const at =
          entry === undefined ? null : nextAllowanceAt(entry.destination, entry.policy, now);
        if (at !== null && (next === null || at < next)) next = at;
      }
      return next;
    },
    open: () => [...entries.values()].filter(({ destination }) => isOpen(destination)).length,
  };
}

function recallOf(entry: Entry | undefined, now: number): AbortSignal {
  if (entry === undefined) return new AbortController().signal;
  return now < entry.destination.pausedUntil ? AbortSignal.abort(HELD) : entry.recall.signal;
}

/** What has attempts in flight is never forgotten. */
function forgetOldest(entries: Map<number, Entry>, busy: Set<number>): void {
  for (const [id, { destination }] of entries) {
    if (destination.inFlight > 0) continue;
    entries.delete(id);
    busy.delete(id);
    return;
  }
}
