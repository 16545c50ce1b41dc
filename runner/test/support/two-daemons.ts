/** Two engines with a store each on one database. The first runs no job, the second runs all. */
import type { Bus } from "../../src/ports/bus.ts";
import { joinLocally } from "./join-locally.ts";
import { createDeafBus } from "./deaf-bus.ts";
import { createWorld, type EngineInTest, type EngineScript, type World } from "./engine.ts";

/** How long the first daemon may take to learn what the second did, in ms of the test's clock. */
export interface Joining {
  readonly name: string;
  readonly isDeaf: boolean;
  readonly withinMs: number;
  readonly buses: () => readonly Bus[];
}

export const JOININGS: readonly Joining[] = [
  { name: "joined by a bus", isDeaf: false, withinMs: 0, buses: () => joinLocally(2) },
  {
    name: "on a bus that loses everything",
    isDeaf: true,
    withinMs: 3_000,
    buses: () => [createDeafBus("up"), createDeafBus("up")],
  },
];

export interface TwoDaemons {
  readonly world: World;
  readonly first: EngineInTest;
  readonly second: EngineInTest;
  /** Lets time pass until the condition holds. Returns how long it took, in ms of the test's clock. */
  readonly reach: (what: string, condition: () => boolean | Promise<boolean>) => Promise<number>;
}

const STEP_MS = 100;
const MAX_MS = 60_000;

export async function startTwoDaemons(
  buses: readonly Bus[],
  scripts: { first?: EngineScript; second?: EngineScript } = {},
): Promise<TwoDaemons> {
  const world = await createWorld({ buses });
  const first = await world.startEngine({ threads: 0, ...scripts.first });
  const second = await world.startEngine({ threads: 2, ...scripts.second });
  await world.settle();
  return {
    world,
    first,
    second,
    async reach(what, condition) {
      const { clock } = world;
      const from = clock.now();
      for (;;) {
        await world.settle();
        if (await condition()) return clock.now() - from;
        if (clock.now() - from > MAX_MS) throw new Error(`Waited ${MAX_MS} ms for ${what}.`);
        await world.runUntil(clock.now() + STEP_MS);
      }
    },
  };
}
