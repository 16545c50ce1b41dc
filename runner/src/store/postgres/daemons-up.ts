import { CannotOpen } from "../cannot-open.ts";
import { LOCK } from "./lock-group.ts";
import type { Session } from "./session.ts";

type Query = Pick<Session, "query">;

/** How many daemons use the database. */
export async function countDaemonsUp(session: Query): Promise<number> {
  const [up] = await session.query<{ daemons: number }>(
    `SELECT count(*)::integer AS daemons FROM daemons
     WHERE until >= extract(epoch FROM clock_timestamp()) * 1000`,
  );
  return up?.daemons ?? 0;
}

/**
 * Lets no daemon write until the transaction ends. Rejects with `CannotOpen` if one is up. A daemon that
 * starts after this cannot beat before the transaction has ended, and checks its key after its first beat.
 */
export async function keepDaemonsOut(session: Query): Promise<void> {
  await session.query(LOCK);
  const daemons = await countDaemonsUp(session);
  if (daemons === 0) return;
  throw new CannotOpen(
    "STORE_IN_USE",
    `${daemons === 1 ? "A daemon uses" : `${daemons} daemons use`} the database. Stop all daemons on it. After one was killed, wait three seconds.`,
  );
}
