import {
  allowance,
  beginAttempts,
  endAttempt,
  isFailing,
  isIdle,
  isOpen,
  newDestination,
  nextAllowanceAt,
  resume,
  type Destination,
  type DestinationOutcome,
  type DestinationPolicy,
} from "../../domain/destination.ts";
import { fairShares, type Share } from "../../domain/fair-share.ts";
import type { DueDestination } from "../../ports/store/destinations.ts";

/**
 * The state of the destinations that this process sends to. `now` is an instant of the monotonic
 * clock.
 */
export interface Destinations {
  /** Divides `room` attempts among the destinations that can send now. */
  shareRoom(
    due: readonly DueDestination[],
    request: { room: number; now: number },
  ): readonly Share[];
  begin(id: number, attempts: number, now: number): void;
  /** Aborts when the destination is paused; already aborted when it is paused now. */
  pauseSignal(id: number, now: number): AbortSignal;
  /** Returns for how long the outcome pauses the destination, in ms; 0 when it does not. */
  end(id: number, outcome: DestinationOutcome, now: number): number;
  resume(id: number, now: number): void;
  /** Destinations that cannot send now, even if deliveries are due. */
  blocked(now: number): readonly number[];
  /** When a blocked destination can send even if no attempt ends; null when none can. */
  nextAllowanceAt(now: number): number | null;
  /** How many destinations have an open circuit. */
  countOpen(): number;
}

interface Entry {
  readonly policy: DestinationPolicy;
  destination: Destination;
  /** Its signal ends the attempts that still wait for a connection when the destination is paused. */
  pause: AbortController;
}

const PAUSED = "paused";
/** Destinations whose concurrency limit and failures are remembered. */
const MAX_ENTRIES = 10_000;

export function createDestinations(options: {
  maxConcurrency: number;
  maxInFlight: number;
}): Destinations {
  const entries = new Map<number, Entry>();
  /**
   * The only destinations that can be blocked while the store has deliveries due. The store leaves
   * out paused ones, except while it writes the pause and after the system's clock was set forward.
   */
  const watched = new Set<number>();
  /** Failing destinations get half of the attempts. Otherwise many dead endpoints would use them all. */
  const maxFailing = Math.max(1, Math.floor(options.maxInFlight / 2));

  function refreshEntry({ id, ratePerSecond }: DueDestination, now: number): Entry {
    const known = entries.get(id);
    const policy = { maxConcurrency: options.maxConcurrency, ratePerSecond };
    const destination =
      known === undefined || isIdle(known.destination, known.policy, now)
        ? newDestination(policy, now)
        : known.destination;
    if (known === undefined && entries.size >= MAX_ENTRIES) forgetOldest(entries, watched);
    const entry = { policy, destination, pause: known?.pause ?? new AbortController() };
    // Moves it to the end of the map's order: the first entry is the one that was due longest ago.
    entries.delete(id);
    entries.set(id, entry);
    return entry;
  }

  function roomForFailing(): number {
    let room = maxFailing;
    for (const id of watched) {
      const destination = entries.get(id)?.destination;
      if (destination !== undefined && isFailing(destination)) room -= destination.inFlight;
    }
    return room;
  }

  return {
    shareRoom(due, { room, now }) {
      const candidates = due.map((each) => {
        const { destination, policy } = refreshEntry(each, now);
        return {
          id: each.id,
          allowance: allowance(destination, policy, now),
          isFailing: isFailing(destination),
        };
      });
      const shares = fairShares(candidates, { all: room, failing: roomForFailing() });
      watchOthers(candidates, shares, watched);
      return shares;
    },
    begin(id, attempts, now) {
      const entry = entries.get(id);
      if (entry === undefined || attempts === 0) return;
      entry.destination = beginAttempts(entry.destination, entry.policy, { now, attempts });
      watched.add(id);
    },
    pauseSignal: (id, now) => pauseSignalOf(entries.get(id), now),
    end(id, outcome, now) {
      const entry = entries.get(id);
      if (entry === undefined) return 0;
      const destination = endAttempt(entry.destination, entry.policy, { outcome, now });
      entry.destination = destination;
      if (destination.inFlight === 0 && entry.policy.ratePerSecond === null) watched.delete(id);
      if (outcome.kind !== "failed" || destination.pausedUntil <= now) return 0;
      // Given a reason, abort() creates no DOMException.
      entry.pause.abort(PAUSED);
      entry.pause = new AbortController();
      return destination.pausedUntil - now;
    },
    resume(id, now) {
      const entry = entries.get(id);
      if (entry !== undefined) entry.destination = resume(entry.destination, now);
    },
    blocked(now) {
      const blocked: number[] = [];
      const isFailingBlocked = roomForFailing() <= 0;
      for (const id of watched) {
        const entry = entries.get(id);
        if (entry === undefined) continue;
        const { destination, policy } = entry;
        const isBlocked =
          allowance(destination, policy, now) === 0 || (isFailingBlocked && isFailing(destination));
        if (isBlocked) blocked.push(id);
        else if (destination.inFlight === 0) watched.delete(id);
      }
      return blocked;
    },
    nextAllowanceAt(now) {
      let next: number | null = null;
      for (const id of watched) {
        const entry = entries.get(id);
        const at =
          entry === undefined ? null : nextAllowanceAt(entry.destination, entry.policy, now);
        if (at !== null && (next === null || at < next)) next = at;
      }
      return next;
    },
    countOpen() {
      let open = 0;
      for (const { destination } of entries.values()) if (isOpen(destination)) open += 1;
      return open;
    },
  };
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

function pauseSignalOf(entry: Entry | undefined, now: number): AbortSignal {
  if (entry === undefined) return new AbortController().signal;
  return now < entry.destination.pausedUntil ? AbortSignal.abort(PAUSED) : entry.pause.signal;
}

/** Destinations with attempts in flight are never forgotten. */
function forgetOldest(entries: Map<number, Entry>, watched: Set<number>): void {
  for (const [id, { destination }] of entries) {
    if (destination.inFlight > 0) continue;
    entries.delete(id);
    watched.delete(id);
    return;
  }
}
