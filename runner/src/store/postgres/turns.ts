/**
 * When this daemon last served each destination, in memory: stored, each claim of each daemon would
 * write the row that all of them need. So destinations take turns within a daemon, not across daemons.
 */

/** Destinations that are remembered. One that is forgotten comes earlier than it would. */
const MAX_REMEMBERED = 10_000;

export interface Turns {
  served(destination: number, at: number): void;
  /** As arrays of equal length: the destinations, when each was served, and the number of its turn. */
  columns(): { readonly ids: number[]; readonly ats: number[]; readonly turns: number[] };
  /** The destination does not wait until when it was last served, but keeps the number of its turn. */
  wake(destination: number): void;
  /** Adds `byMs` to every instant after `now`. */
  shift(by: { now: number; byMs: number }): void;
}

export function createTurns(): Turns {
  const turns = new Map<number, { readonly at: number; readonly turn: number }>();
  let last = 0;
  return {
    served(destination, at) {
      last += 1;
      // Behind all others, so that the first is the one served longest ago.
      turns.delete(destination);
      turns.set(destination, { at, turn: last });
      const [oldest] = turns.keys();
      if (turns.size > MAX_REMEMBERED && oldest !== undefined) turns.delete(oldest);
    },
    columns: () => ({
      ids: [...turns.keys()],
      ats: [...turns.values()].map(({ at }) => at),
      turns: [...turns.values()].map(({ turn }) => turn),
    }),
    shift({ now, byMs }) {
      for (const [id, { at, turn }] of turns) if (at > now) turns.set(id, { at: at + byMs, turn });
    },
    wake(destination) {
      const known = turns.get(destination);
      if (known !== undefined) turns.set(destination, { ...known, at: 0 });
    },
  };
}
