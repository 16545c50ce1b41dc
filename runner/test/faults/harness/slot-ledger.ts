/** What was seen of schedules' slots, from outside: each must be decided, and have one job at most. */
import type { Daemon } from "../../support/daemon.ts";

interface SeenSlot {
  readonly slot: string;
  readonly state: string;
  readonly jobId: string | null;
}

export interface SlotLedger {
  /** Reads the newest slots of each schedule. Call it at least once for every hundred slots. */
  look(daemon: Daemon): Promise<void>;
  /** Records the schedule of an event. */
  arrive(event: { jobId: string; schedule: { key: string; slot: string } | null }): void;
  /** What is wrong: slots without a row, and slots with two jobs. */
  problems(): string[];
  /** How many slots are in each state. */
  counts(): Record<string, number>;
}

const DECIDED = new Set(["fired", "caught-up"]);

export function createSlotLedger(everyMs: Readonly<Record<string, number>>): SlotLedger {
  const slots = new Map<string, Map<number, SeenSlot>>();
  /** The jobs of each slot, by what the store and the events say. */
  const jobs = new Map<string, Set<string>>();
  const notes: string[] = [];

  function addJob(key: string, slot: string, jobId: string): void {
    const name = `${key} ${slot}`;
    jobs.set(name, (jobs.get(name) ?? new Set()).add(jobId));
  }

  function see(key: string, each: SeenSlot): void {
    const known = slots.get(key) ?? new Map<number, SeenSlot>();
    slots.set(key, known);
    const before = known.get(Date.parse(each.slot));
    if (before !== undefined && DECIDED.has(before.state) && before.state !== each.state) {
      notes.push(`${key} ${each.slot} was ${before.state}, and is ${each.state}`);
    }
    known.set(Date.parse(each.slot), each);
    if (each.jobId !== null) addJob(key, each.slot, each.jobId);
  }

  function gaps(key: string, known: ReadonlyMap<number, SeenSlot>): string[] {
    const all = [...known.keys()].toSorted((a, b) => a - b);
    const last = all.at(-1) ?? 0;
    const missing: string[] = [];
    for (let slot = all[0] ?? 0; slot < last; slot += everyMs[key] ?? Infinity) {
      if (!known.has(slot)) missing.push(`${key} ${new Date(slot).toISOString()} has no row`);
    }
    return missing;
  }

  return {
    async look(daemon) {
      for (const key of Object.keys(everyMs)) {
        const { items } = await daemon.get(`/v1/schedules/${key}/slots?limit=200`);
        for (const each of (items as SeenSlot[]).toReversed()) see(key, each);
      }
    },
    arrive({ jobId, schedule }) {
      if (schedule !== null) addJob(schedule.key, schedule.slot, jobId);
    },
    problems() {
      const twice = [...jobs].filter(([, ids]) => ids.size > 1);
      return [
        ...notes,
        ...[...slots].flatMap(([key, known]) => gaps(key, known)),
        ...twice.map(([name, ids]) => `${name} has ${ids.size} jobs: ${[...ids].join(", ")}`),
      ];
    },
    counts() {
      const found: Record<string, number> = {};
      for (const known of slots.values()) {
        for (const { state } of known.values()) found[state] = (found[state] ?? 0) + 1;
      }
      return found;
    },
  };
}
