import { toEnvName, type Settings } from "../config.ts";
import type { Bus } from "../ports/bus.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store/store.ts";
import type { TokenStore } from "../ports/store/tokens.ts";
import { CannotOpen } from "../store/cannot-open.ts";
import { createSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { AdjustedClock } from "../system/adjusted-clock.ts";
import { createLocalBus } from "../system/local-bus.ts";
import { CannotStart } from "./cannot-start.ts";
import { databasePath } from "./database-path.ts";

/** Where the daemon stores, and how it hears of the other daemons that store there. */
export interface Database {
  readonly store: Store;
  /** Null if no other daemon shares the store. */
  readonly tokenStore: TokenStore | null;
  readonly bus: Bus;
  close(): Promise<void>;
}

export interface DatabaseParts {
  /** Set to the time of the database's server, which all its daemons share. */
  readonly clock: AdjustedClock;
  readonly log: Log;
  readonly storeWriter?: URL | undefined;
  readonly onWriteFailed?: (error: unknown) => void;
}

/** Opens the database of PLAYGROUND_DATABASE_URL or, without one, that of the data folder. Throws `CannotStart`. */
export async function openDatabase(settings: Settings, parts: DatabaseParts): Promise<Database> {
  const { databaseUrl: url } = settings;
  try {
    return await (url === undefined ? openSqlite(settings, parts) : openPostgres(url, parts));
  } catch (error) {
    if (!(error instanceof CannotOpen)) throw error;
    const where = url === undefined ? "" : `${toEnvName("databaseUrl")}: `;
    throw new CannotStart(where + error.message, { cause: error });
  }
}

async function openSqlite(
  settings: Settings,
  { storeWriter, onWriteFailed }: DatabaseParts,
): Promise<Database> {
  const store = await createSqliteStore({
    path: databasePath(settings),
    secureDelete: settings.secureDelete,
    ...(storeWriter && { writer: storeWriter }),
    onWriteFailed,
  });
  return { store, tokenStore: null, bus: createLocalBus(), close: () => store.close() };
}

async function openPostgres(
  url: string,
  { clock, log, onWriteFailed }: DatabaseParts,
): Promise<Database> {
  // A daemon on SQLite does not load the client.
  const [{ createPostgresStore }, { createPostgresBus }] = await Promise.all([
    import("../store/postgres/postgres-store.ts"),
    import("../store/postgres/postgres-bus.ts"),
  ]);
  const store = await createPostgresStore({ url, onWriteFailed });
  try {
    const bus = await createPostgresBus({
      url,
      schema: null,
      clock,
      log,
      onTime: (time) => clock.setTo(time),
    });
    return {
      store,
      tokenStore: store.tokenStore,
      bus,
      async close() {
        await bus.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
