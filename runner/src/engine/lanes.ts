import {
  allowance,
  begun,
  ended,
  isIdle,
  isOpen,
  newLane,
  nextAllowanceAt,
  type Lane,
  type LaneOutcome,
  type LanePolicy,
} from "../domain/lane.ts";
import type { DueLane } from "../ports/store.ts";

interface Entry {
  readonly policy: LanePolicy;
  lane: Lane;
}

/** The lanes that this process is sending in, or has reason to hold back. */
export interface Lanes {
  /** Shares `room` attempts out among the lanes; those that may send none are left out. */
  share(due: readonly DueLane[], request: { room: number; now: number }): readonly Share[];
  begun(id: number, attempts: number, now: number): void;
  /** Until when the lane is held; 0 when it is not. */
  ended(id: number, outcome: LaneOutcome, now: number): number;
  /** Lanes that may not send now, whatever is due in them. */
  full(now: number): readonly number[];
  /** When a lane that is full now may send without an attempt's end; null when none will. */
  nextAllowanceAt(now: number): number | null;
  open(): number;
}

export interface Share {
  readonly id: number;
  readonly limit: number;
}

export function createLanes(options: { maxWindow: number }): Lanes {
  const entries = new Map<number, Entry>();
  /** Those whose window or rate may be used up; a held lane is held in the store. */
  const busy = new Set<number>();

  function entryOf({ id, ratePerSecond }: DueLane, now: number): Entry {
    const known = entries.get(id);
    if (known !== undefined && known.policy.ratePerSecond === ratePerSecond) return known;
    const policy = { maxWindow: options.maxWindow, ratePerSecond };
    const entry = { policy, lane: known?.lane ?? newLane(policy, now) };
    entries.set(id, entry);
    return entry;
  }

  return {
    share(due, { room, now }) {
      const wanting = due
        .map((lane) => {
          const { lane: state, policy } = entryOf(lane, now);
          return { id: lane.id, limit: allowance(state, policy, now) };
        })
        .filter(({ limit }) => limit > 0);
      const fair = Math.max(1, Math.floor(room / Math.max(1, wanting.length)));
      return wanting.slice(0, room).map(({ id, limit }) => ({ id, limit: Math.min(limit, fair) }));
    },
    begun(id, attempts, now) {
      const entry = entries.get(id);
      if (entry === undefined || attempts === 0) return;
      entry.lane = begun(entry.lane, entry.policy, { now, attempts });
      busy.add(id);
    },
    ended(id, outcome, now) {
      const entry = entries.get(id);
      if (entry === undefined) return 0;
      entry.lane = ended(entry.lane, entry.policy, { outcome, now });
      const { lane, policy } = entry;
      if (lane.inFlight === 0 && policy.ratePerSecond === null) busy.delete(id);
      if (isIdle(lane, policy, now)) {
        entries.delete(id);
        busy.delete(id);
      }
      return entry.lane.heldUntil > now ? entry.lane.heldUntil : 0;
    },
    full: (now) =>
      [...busy].filter((id) => {
        const entry = entries.get(id);
        return entry !== undefined && allowance(entry.lane, entry.policy, now) === 0;
      }),
    nextAllowanceAt(now) {
      let next: number | null = null;
      for (const id of busy) {
        const entry = entries.get(id);
        const at = entry === undefined ? null : nextAllowanceAt(entry.lane, entry.policy, now);
        if (at !== null && (next === null || at < next)) next = at;
      }
      return next;
    },
    open: () => [...entries.values()].filter(({ lane }) => isOpen(lane)).length,
  };
}
