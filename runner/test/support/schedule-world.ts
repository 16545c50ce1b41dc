/** An engine with schedules, on a clock that the test moves. */
import { Refused } from "../../src/domain/errors.ts";
import type { ScheduleRequest } from "../../src/engine/schedules/schedule-request.ts";
import type { StoredSlot } from "../../src/ports/store/schedules.ts";
import { createWorld, REQUEST, type EngineInTest, type World } from "./engine.ts";

/** Half past nine, when the clock of a test begins. */
export const START = Date.parse("2026-11-23T09:30:00.000Z");
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

const { idempotencyKey: _, ...job } = REQUEST;
export const JOB = job;

export function every(everyMs: number, fields: Partial<ScheduleRequest> = {}): ScheduleRequest {
  return { key: "a", everyMs, job: JOB, ...fields };
}

export const completes = { run: (step: { complete: () => void }): void => step.complete() };

export interface ScheduleWorld extends World {
  /** The slots of the schedule in the order of their decision: minutes and seconds after the start, and the state. */
  slots(key?: string): Promise<string[]>;
  rows(key?: string): Promise<readonly StoredSlot[]>;
  /** The daemon is down until the instant. */
  restartAt(instant: number, engine: EngineInTest): Promise<EngineInTest>;
}

export async function createScheduleWorld(): Promise<ScheduleWorld> {
  const world = await createWorld();

  async function rows(key = "a"): Promise<readonly StoredSlot[]> {
    const schedule = await world.store.schedule(key);
    const page = await world.store.scheduleSlots(schedule?.id ?? "", { limit: 500, cursor: null });
    return page.items.toReversed();
  }

  return {
    ...world,
    rows,
    async slots(key) {
      return (await rows(key)).map(({ slot, state }) => `${at(slot)} ${state}`);
    },
    async restartAt(instant, { engine }) {
      await engine.stop({ graceMs: 0 });
      world.clock.moveTo(instant);
      return world.startEngine(completes);
    },
  };
}

/** Minutes and seconds after the start. */
export function at(slot: number): string {
  const after = slot - START;
  return `${Math.floor(after / MINUTE)}:${String((after % MINUTE) / SECOND).padStart(2, "0")}`;
}

export async function refusalOf(promise: Promise<unknown>): Promise<Refused> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Refused)) throw new Error("It was not refused.", { cause: error });
  return error;
}
