import { expect, test, vi } from "vitest";
import { createMemorySessionStore } from "../../../test/support/memory-sessions.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import type { Bus } from "../../ports/bus.ts";
import type { StoredSession } from "../../ports/store/sessions.ts";
import { createStoreSessions } from "./store-sessions.ts";

const HOUR_MS = 60 * 60 * 1000;
const REQUEST = { now: 0, maxSessions: 100 };

function start(state: ReturnType<Bus["state"]> = "up") {
  const clock = createTestClock();
  const store = createMemorySessionStore();
  let reads = 0;
  const told: string[] = [];
  const counted: typeof store = {
    ...store,
    sessions: () => {
      reads += 1;
      return store.sessions();
    },
  };
  const sessions = createStoreSessions({
    store: counted,
    bus: { state: () => state },
    messages: { publish: ({ kind }) => void told.push(kind) },
    clock,
    stopping: new AbortController().signal,
  });
  const sessionOf = (id: string, expiresAt = clock.now() + HOUR_MS): StoredSession => ({
    id,
    tokenName: null,
    token: "0f",
    expiresAt,
  });
  return { clock, store, sessions, sessionOf, told, reads: () => reads };
}

test("a login and a logout are known at once, stored, and told to the others", async () => {
  const { sessions, sessionOf, store, told } = start();
  await sessions.add(sessionOf("a"));
  expect(sessions.get("a")).toEqual(sessionOf("a"));
  expect(await store.sessions()).toEqual([sessionOf("a")]);
  await sessions.remove("a");
  expect(sessions.get("a")).toBeUndefined();
  expect(await store.sessions()).toEqual([]);
  expect(told).toEqual(["sessions", "sessions"]);
});

test("a read that began before a logout does not bring the session back", async () => {
  const { sessions, sessionOf, store } = start();
  await sessions.add(sessionOf("a"));
  const stale = Promise.withResolvers<readonly StoredSession[]>();
  const read = vi.spyOn(store, "sessions").mockReturnValueOnce(stale.promise);
  const reading = sessions.read();
  await sessions.remove("a");
  stale.resolve([sessionOf("a")]);
  await reading;
  expect(read).toHaveBeenCalledTimes(2);
  expect(sessions.get("a")).toBeUndefined();
});

test("a session that another daemon has opened is found, and those who look together share a read", async () => {
  const { sessions, sessionOf, store, reads } = start();
  await store.addSession(sessionOf("a"), REQUEST);
  await Promise.all(Array.from({ length: 5 }, async () => sessions.look("a")));
  expect(sessions.get("a")).toEqual(sessionOf("a"));
  expect(reads()).toBe(1);
  expect(sessions.look("a")).toBeNull();
});

test("looks for sessions that do not exist read at most twenty times a second", async () => {
  const { sessions, clock, reads } = start();
  await sessions.look("x");
  const second = sessions.look("y");
  clock.moveTo(clock.now() + 49);
  expect(reads()).toBe(1);
  clock.moveTo(clock.now() + 1);
  await second;
  expect(reads()).toBe(2);
});

test("a look that cannot read the store fails, and the next one reads again", async () => {
  const { sessions, sessionOf, store, clock } = start();
  vi.spyOn(store, "sessions").mockRejectedValueOnce(new Error("down"));
  await expect(sessions.look("a")).rejects.toThrow("down");
  await store.addSession(sessionOf("a"), REQUEST);
  const look = sessions.look("a");
  clock.moveTo(clock.now() + 50);
  await look;
  expect(sessions.get("a")).toBeDefined();
});

test("more than a thousand looks wait for no read", async () => {
  const { sessions } = start();
  const looks = Array.from({ length: 1_001 }, (_, n) => sessions.look(`x${n}`));
  expect(looks.map((look) => look === null)).toEqual([...Array(1_000).fill(false), true]);
  for (const look of looks) await look;
  expect(sessions.look("x")).not.toBeNull();
});

test("a daemon that is alone looks for nothing", () => {
  const { sessions, reads } = start("alone");
  expect(sessions.look("a")).toBeNull();
  expect(reads()).toBe(0);
});

test("what has expired and the oldest of more than a thousand are forgotten", async () => {
  const { sessions, sessionOf, clock } = start();
  await sessions.add(sessionOf("old", clock.now() + 1));
  clock.moveTo(clock.now() + 1);
  for (let n = 0; n <= 1_000; n += 1) await sessions.add(sessionOf(`s${n}`));
  const known = (id: string) => sessions.get(id) !== undefined;
  expect(["old", "s0", "s1", "s1000"].map(known)).toEqual([false, false, true, true]);
});
