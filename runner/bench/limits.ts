/**
 * `npm run bench -- limits` measures what 100,000 jobs that wait for a limit, of one key or of 10,000,
 * cost a job of a plugin without a limit that comes after them; `limits-postgres` does so on PostgreSQL.
 */
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { startCluster } from "../test/support/postgres/cluster.ts";
import { SECRET_KEY } from "../test/support/postgres/daemons.ts";
import type { Figure } from "./figures.ts";
import { createDatabase } from "./create-database.ts";
import { alternately, pickUp, toFigures } from "./pickups.ts";
import { startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const WAITING = 100_000;
const MANY_KEYS = 10_000;
const JOBS_PER_BATCH = 1_000;
const FOR_EVER_MS = 1e9;
/** While slots are given all the time, the daemon it is compared with needs jobs for as long. */
const SHORT_MS = 20;
const SHORT_QUEUE = 200;

export async function benchLimits(): Promise<{ figures: readonly Figure[] }> {
  return measure(async () => ({}));
}

export async function benchLimitsOnPostgres(): Promise<{ figures: readonly Figure[] }> {
  const cluster = await startCluster({ durable: true });
  let count = 0;
  try {
    return await measure(async () => ({
      PLAYGROUND_DATABASE_URL: await createDatabase(cluster, `limits_${(count += 1)}`),
      PLAYGROUND_SECRET_KEY: SECRET_KEY,
    }));
  } finally {
    await cluster.remove();
  }
}

/** `ownDatabase` returns the settings of a daemon on a database that no other has. */
async function measure(
  ownDatabase: () => Promise<Record<string, string>>,
): Promise<{ figures: readonly Figure[] }> {
  const receiver = await startReceiver();
  const daemons: Daemon[] = [];
  const start = async (): Promise<Daemon> => {
    const env = { PLAYGROUND_LOG_LEVEL: "warn", ...(await ownDatabase()) };
    const daemon = await startDaemon({ pluginsDir: PLUGINS, env });
    daemons.push(daemon);
    return daemon;
  };
  try {
    const empty = await start();
    const figures: Figure[] = [];
    for (const keys of [1, MANY_KEYS]) {
      const blocked = await start();
      await submit(blocked, { count: 1, keys: 1, ms: FOR_EVER_MS });
      await submit(blocked, { count: WAITING, keys, ms: 0 });
      const rounds = await alternately(empty, blocked, (daemon) => pickUp(daemon, receiver));
      const title = `pickup of a free plugin, ${WAITING} jobs of ${keys} keys wait for a limit`;
      figures.push(...toFigures(title, ["empty queue", "blocked queue"], rounds));
    }
    figures.push(...(await compareMoving(await start(), await start(), receiver)));
    return { figures };
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.close()));
    receiver.close();
  }
}

/** The limit's slot becomes free and is given again some fifty times a second. */
async function compareMoving(
  short: Daemon,
  long: Daemon,
  receiver: ReceiverProcess,
): Promise<Figure[]> {
  await submit(long, { count: WAITING, keys: MANY_KEYS, ms: SHORT_MS });
  const rounds = await alternately(short, long, async (daemon) => {
    if (daemon === short)
      await submit(short, { count: SHORT_QUEUE, keys: SHORT_QUEUE, ms: SHORT_MS });
    return pickUp(daemon, receiver);
  });
  const title = `pickup of a free plugin, jobs of ${MANY_KEYS} keys take turns`;
  return toFigures(title, [`${SHORT_QUEUE} jobs`, `${WAITING} jobs`], rounds);
}

async function submit(
  daemon: Daemon,
  { count, keys, ms }: { count: number; keys: number; ms: number },
): Promise<void> {
  for (let done = 0; done < count; done += JOBS_PER_BATCH) {
    const jobs = Array.from({ length: Math.min(JOBS_PER_BATCH, count - done) }, (_, n) => ({
      plugins: ["visit"],
      input: { domain: `${(done + n) % keys}.example`, ms },
    }));
    await daemon.post("/v1/batches", { jobs });
  }
}
