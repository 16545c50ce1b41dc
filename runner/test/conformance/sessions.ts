import { expect, test } from "vitest";
import type { StoredSession } from "../../src/ports/store/sessions.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function sessionConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const at = (now: number, maxSessions = 100) => ({ now, maxSessions });
  const sessionOf = (id: string, expiresAt = 1_000, tokenName: string | null = null) =>
    ({ id, tokenName, token: `digest of ${id}`, expiresAt }) satisfies StoredSession;
  const ids = async () => (await t.store.sessions()).map(({ id }) => id);

  test("sessions are read in the order in which they were added, also after the store was reopened", async () => {
    const sessions = [sessionOf("b"), sessionOf("a", 2_000, "ci"), sessionOf("c")];
    for (const session of sessions) await t.store.addSession(session, at(10));
    await t.reopen();
    expect(await t.store.sessions()).toEqual(sessions);
  });

  test("a session that is removed is gone, and removing it again does nothing", async () => {
    for (const id of ["a", "b"]) await t.store.addSession(sessionOf(id), at(10));
    await t.store.removeSession("a");
    await t.store.removeSession("a");
    expect(await ids()).toEqual(["b"]);
  });

  test("a new session removes those that have expired", async () => {
    await t.store.addSession(sessionOf("a", 999), at(10));
    await t.store.addSession(sessionOf("b", 1_000), at(10));
    await t.store.addSession(sessionOf("c", 1_001), at(10));
    await t.store.addSession(sessionOf("d", 9_000), at(1_000));
    expect(await ids()).toEqual(["c", "d"]);
  });

  test("a session over the limit removes the oldest", async () => {
    for (const id of ["c", "a", "d", "b"]) await t.store.addSession(sessionOf(id), at(10, 3));
    expect(await ids()).toEqual(["a", "d", "b"]);
    await t.store.addSession(sessionOf("e"), at(10, 1));
    expect(await ids()).toEqual(["e"]);
  });
}
