/**
 * A store in a PostgreSQL database, for any number of daemons. All writes of a daemon go through one
 * session, in write groups; reads have sessions of their own.
 */
import { randomInt } from "node:crypto";
import { UNREACHABLE } from "../../domain/errors.ts";
import type { Store } from "../../ports/store/store.ts";
import type { TokenStore } from "../../ports/store/tokens.ts";
import type { Applied, Change } from "../shared/change.ts";
import { createWrites } from "../shared/writes.ts";
import { createWriteQueue } from "../shared/write-queue.ts";
import { CannotOpen } from "../cannot-open.ts";
import { applyGroup } from "./apply-group.ts";
import { connect } from "./connect.ts";
import { maskUrl } from "./mask-url.ts";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations.ts";
import { createReader, createSlot } from "./reader.ts";
import { createReads } from "./reads.ts";
import type { Session } from "./session.ts";
import { toUnreachable } from "./store-error.ts";
import { createTokenStore } from "./token-store.ts";
import { createTurns } from "./turns.ts";
import { whyNotOpened } from "./why-not-opened.ts";

/** Rows of the counts that daemons choose from. Two that choose the same one wait for each other. */
const SLOTS = 64;

export interface PostgresStore extends Store {
  readonly tokenStore: TokenStore;
}

/**
 * Opens the database, and creates its tables if they are missing. `schema` is where the tables are; null
 * for the connection's default. Without `pipeline`, each statement waits for the answer to the one before.
 * `onWriteFailed` gets the error of each rejected write.
 * Rejects with `CannotOpen` if the server cannot be reached, its version is not supported, it is a
 * standby, or the schema is newer than this program.
 */
export async function createPostgresStore({
  url,
  schema = null,
  pipeline = true,
  onWriteFailed,
}: {
  url: string;
  schema?: string | null;
  pipeline?: boolean;
  onWriteFailed?: ((error: unknown) => void) | undefined;
}): Promise<PostgresStore> {
  let whyUnreachable: readonly string[] = [];
  const open = async (): Promise<Session> => {
    try {
      const session = await connect({ url, schema, pipeline });
      whyUnreachable = [];
      return session;
    } catch (error) {
      // Anybody can read it at /readyz, so it does not say where the database is. The log does.
      whyUnreachable = [UNREACHABLE];
      throw error;
    }
  };
  await makeTables({ url, schema });
  const first = await open();
  const turns = createTurns();
  const operations = createOperations(new Map());
  const slot = randomInt(SLOTS);
  const writer = createSlot(open, first);
  const reader = createReader(open);
  let last: Promise<unknown> = Promise.resolve();

  async function apply(changes: readonly Change[]): Promise<Applied> {
    const session = await writer.get().catch((error: unknown) => {
      throw toUnreachable(error);
    });
    try {
      return await applyGroup({ session, operations, turns, slot }, changes);
    } catch (error) {
      // It can be to a server that is still there but no longer the primary.
      await session.close();
      throw error;
    }
  }

  const queue = createWriteQueue(
    {
      // One group after the other, in the order of the calls.
      apply(changes) {
        const applied = last.then(() => apply(changes));
        last = applied.catch(() => {});
        return applied;
      },
    },
    onWriteFailed,
  );
  const close = async (): Promise<void> => {
    await queue.drain();
    await Promise.all([writer.close(), reader.close()]);
  };
  let closed: Promise<void> | null = null;
  return {
    ...createWrites(queue),
    ...createReads(reader, turns),
    tokenStore: createTokenStore(reader.query),
    // PostgreSQL's autovacuum does it.
    returnFreeSpace: async () => false,
    // Of the last attempt to connect: a lost session is replaced by the next call that needs it.
    whyNotReady: () => whyUnreachable,
    close: () => (closed ??= close()),
  };
}

async function makeTables({ url, schema }: { url: string; schema: string | null }): Promise<void> {
  const session = await connect({ url, schema, pipeline: false, limits: "none" });
  try {
    await migrate(session);
  } catch (cause) {
    if (cause instanceof CannotOpen) throw cause;
    throw new CannotOpen(
      "STORE_UNREACHABLE",
      `The tables cannot be made in the database ${maskUrl(url)}: ${whyNotOpened(cause)}`,
      { cause },
    );
  } finally {
    await session.close();
  }
}
