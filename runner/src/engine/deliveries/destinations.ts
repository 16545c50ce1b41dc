import {
  beginAttempt,
  endAttempt,
  isQuiet,
  newConcurrency,
  restart,
  roomOf,
  type Concurrency,
} from "../../domain/concurrency.ts";
import { isOpen, type DestinationOutcome } from "../../domain/destination.ts";
import { fairShares, type Share } from "../../domain/fair-share.ts";
import type { DueDestination } from "../../ports/store/destinations.ts";

/**
 * The attempts that this process has in flight to each destination. The store has their circuits,
 * pauses and rates. `now` is an instant of the monotonic clock.
 */
export interface Destinations {
  /** Divides `room` attempts among the destinations that can send now. */
  shareRoom(
    due: readonly DueDestination[],
    request: { room: number; now: number },
  ): readonly Share[];
  begin(id: number): void;
  /** Begins an attempt of a delivery that was handed over. False if there is no room for it. */
  admit(id: number, now: number): boolean;
  /** Aborts when the destination is paused. */
  pauseSignal(id: number): AbortSignal;
  end(id: number, outcome: DestinationOutcome, now: number): void;
  /** Call it when the store has changed the destination after an attempt. */
  changed(id: number, change: { failuresInRow: number; isPaused: boolean }): void;
  /** Call it when the store has ended a pause because a person wants the deliveries sent now. */
  resume(id: number): void;
  /** Destinations that cannot send now, even if deliveries are due. The end of an attempt frees them. */
  blocked(): readonly number[];
  /** Those of the blocked destinations that do not fail. */
  full(): readonly number[];
  /** How many destinations have an open circuit, of those that this process knows. */
  countOpen(): number;
}

interface Entry {
  concurrency: Concurrency;
  failuresInRow: number;
  /** Its signal ends the attempts that still wait for a connection when the destination is paused. */
  pause: AbortController;
}

const PAUSED = "paused";
/** Destinations whose concurrency limit is remembered. */
const MAX_ENTRIES = 10_000;

export function createDestinations(options: {
  maxConcurrency: number;
  maxInFlight: number;
}): Destinations {
  const { maxConcurrency } = options;
  const entries = new Map<number, Entry>();
  /** The only destinations that can be blocked. */
  const watched = new Set<number>();
  /** Failing destinations get half of the attempts. Otherwise many dead endpoints would use them all. */
  const maxFailing = Math.max(1, Math.floor(options.maxInFlight / 2));

  function refreshEntry(
    { id, failuresInRow }: Pick<DueDestination, "id" | "failuresInRow">,
    now: number,
  ): Entry {
    const known = entries.get(id);
    const isOutOfDate =
      failuresInRow === 0 && known !== undefined && isQuiet(known.concurrency, now);
    const concurrency =
      known === undefined || isOutOfDate ? newConcurrency(maxConcurrency) : known.concurrency;
    if (known === undefined && entries.size >= MAX_ENTRIES) forgetOldest(entries, watched);
    const entry = { concurrency, failuresInRow, pause: known?.pause ?? new AbortController() };
    // Moves it to the end of the map's order: the first entry is the one that was due longest ago.
    entries.delete(id);
    entries.set(id, entry);
    return entry;
  }

  function begin(id: number): void {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entry.concurrency = beginAttempt(entry.concurrency);
    watched.add(id);
  }

  function roomForFailing(): number {
    let room = maxFailing;
    for (const id of watched) {
      const entry = entries.get(id);
      if (entry !== undefined && isFailing(entry)) room -= entry.concurrency.inFlight;
    }
    return room;
  }

  function blocked(): number[] {
    const found: number[] = [];
    const isFailingBlocked = roomForFailing() <= 0;
    for (const id of watched) {
      const entry = entries.get(id);
      if (entry === undefined) continue;
      const isBlocked =
        roomOf(entry.concurrency, isOpen(entry)) === 0 || (isFailingBlocked && isFailing(entry));
      if (isBlocked) found.push(id);
      else if (entry.concurrency.inFlight === 0) watched.delete(id);
    }
    return found;
  }

  return {
    shareRoom(due, { room, now }) {
      const candidates = due.map((each) => {
        const entry = refreshEntry(each, now);
        return {
          id: each.id,
          allowance: roomOf(entry.concurrency, isOpen(entry)),
          isFailing: isFailing(entry),
        };
      });
      const shares = fairShares(candidates, { all: room, failing: roomForFailing() });
      watchOthers(candidates, shares, watched);
      return shares;
    },
    begin,
    admit(id, now) {
      const known = entries.get(id);
      const entry =
        known === undefined || isQuiet(known.concurrency, now)
          ? refreshEntry({ id, failuresInRow: known?.failuresInRow ?? 0 }, now)
          : known;
      if (isFailing(entry) || roomOf(entry.concurrency, false) === 0) return false;
      begin(id);
      return true;
    },
    pauseSignal: (id) => (entries.get(id)?.pause ?? new AbortController()).signal,
    end(id, outcome, now) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entry.concurrency = endAttempt(entry.concurrency, { outcome, maxConcurrency, now });
      // Until the store has counted the failure.
      if (outcome.kind === "failed") entry.failuresInRow = Math.max(1, entry.failuresInRow);
      if (entry.concurrency.inFlight === 0) watched.delete(id);
    },
    changed(id, { failuresInRow, isPaused }) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entry.failuresInRow = failuresInRow;
      if (!isPaused) return;
      // Given a reason, abort() creates no DOMException.
      entry.pause.abort(PAUSED);
      entry.pause = new AbortController();
    },
    resume(id) {
      const entry = entries.get(id);
      if (entry !== undefined) entry.concurrency = restart(entry.concurrency);
    },
    blocked,
    full: () => blocked().filter((id) => entries.get(id)?.failuresInRow === 0),
    countOpen: () => [...entries.values()].filter(isOpen).length,
  };
}

function isFailing({ failuresInRow }: Entry): boolean {
  return failuresInRow > 0;
}

/** Watches the candidates that got no share. `shares` has the same order as `candidates`. */
function watchOthers(
  candidates: readonly { readonly id: number }[],
  shares: readonly Share[],
  watched: Set<number>,
): void {
  let next = 0;
  for (const { id } of candidates) {
    if (shares[next]?.id === id) next += 1;
    else watched.add(id);
  }
}

/** Destinations with attempts in flight are never forgotten. */
function forgetOldest(entries: Map<number, Entry>, watched: Set<number>): void {
  for (const [id, { concurrency }] of entries) {
    if (concurrency.inFlight > 0) continue;
    entries.delete(id);
    watched.delete(id);
    return;
  }
}
