/**
 * `npm run bench -- postgres` measures one, two and four daemons on one PostgreSQL, in turns with a
 * daemon on SQLite and with the same work on graphile-worker and pg-boss (baselines/): how many jobs are
 * accepted, run and delivered in a second, and what a job costs the daemons and the database.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { startCluster, type Cluster } from "../test/support/postgres/cluster.ts";
import { shareDatabase } from "../test/support/postgres/daemons.ts";
import { startBaseline } from "./baselines/start-baselines.ts";
import { createDatabase } from "./create-database.ts";
import { median, type Figure } from "./figures.ts";
import { cpuSeconds } from "./metrics-of.ts";
import { runLoad, startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const INPUT = { text: "the quick brown fox jumps over the lazy dog ".repeat(5) };
const ROUNDS = 5;
const JOBS = 2_000;
const WARM_UP_JOBS = 800;
const CONCURRENCY = 64;
/** Backends report what they did to the statistics at most once a second. */
const STATISTICS_MS = 1_500;
/** Not dependencies: 23 MB for two lines of one benchmark. */
const PACKAGES = ["graphile-worker@0.18.0", "pg-boss@12.38.0"];

/** What jobs are submitted to: the daemons of one database, or a process that is compared with them. */
interface Target {
  readonly servers: readonly Server[];
  readonly close: () => Promise<unknown>;
}

type Server = Pick<Daemon, "url" | "process"> & { readonly token?: string };

/** A target runs only for its turn: others that are idle, but beat and poll, would disturb it. */
interface Contender {
  readonly name: string;
  readonly works: readonly Work[];
  readonly start: (round: number) => Promise<Target>;
}

const WITH_DELIVERIES = "run, with three deliveries";
const WITHOUT = "run, without deliveries";
const ACCEPTED = "accepted";
const WORKS = [WITH_DELIVERIES, WITHOUT, ACCEPTED] as const;
type Work = (typeof WORKS)[number];

interface Measured {
  readonly jobsPerSecond: number;
  readonly cpuMs: number;
  readonly databaseCpuMs: number;
  readonly walBytes: number;
  readonly rowWrites: number;
  readonly transactions: number;
}

export async function benchPostgres(): Promise<{ figures: readonly Figure[] }> {
  const folder = await mkdtemp(join(tmpdir(), "playground-bench-"));
  const receiver = await startReceiver();
  const cluster = await startCluster({ durable: true });
  try {
    const contenders = [
      sqlite(),
      ...[1, 2, 4].map((count) => daemons(cluster, count)),
      ...others(cluster, folder),
    ];
    const results = new Map<string, Measured[]>();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { name, works, start } of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const target = await start(round);
        try {
          await drain(target, receiver, { work: WITH_DELIVERIES, jobs: WARM_UP_JOBS });
          for (const work of works) {
            const key = `${work}: ${name}`;
            const measured = await measure(target, { work, cluster, receiver });
            results.set(key, [...(results.get(key) ?? []), measured]);
          }
        } finally {
          await target.close();
        }
      }
    }
    return { figures: toFigures(results) };
  } finally {
    await cluster.remove();
    receiver.close();
    await rm(folder, { recursive: true });
  }
}

const SQLITE = "SQLite";
const ONE = "PostgreSQL, 1 daemon";

function sqlite(): Contender {
  return {
    name: SQLITE,
    works: WORKS,
    async start() {
      const env = { PLAYGROUND_LOG_LEVEL: "warn" };
      const daemon = await startDaemon({ pluginsDir: PLUGINS, env });
      return { servers: [daemon], close: () => daemon.close() };
    },
  };
}

function daemons(cluster: Cluster, count: number): Contender {
  return {
    name: `PostgreSQL, ${count} ${count === 1 ? "daemon" : "daemons"}`,
    works: WORKS,
    async start(round) {
      const url = await createDatabase(cluster, `daemons_${count}_${round}`);
      const shared = await shareDatabase(url, { pluginsDir: PLUGINS });
      const servers: Server[] = [];
      for (let n = 0; n < count; n += 1)
        servers.push(await shared.start({ PLAYGROUND_LOG_LEVEL: "warn" }));
      return { servers, close: () => shared.close() };
    },
  };
}

function others(cluster: Cluster, folder: string): readonly Contender[] {
  const modules = join(folder, "modules");
  mkdirSync(modules);
  execFileSync("npm", ["install", "--silent", "--prefix", modules, ...PACKAGES], {
    stdio: "ignore",
  });
  return ["graphile", "pg-boss"].map((name) => ({
    name,
    works: [WITH_DELIVERIES],
    async start(round) {
      const url = await createDatabase(cluster, `${name.replace("-", "_")}_${round}`);
      const baseline = await startBaseline(name, [url, modules]);
      return {
        servers: [baseline],
        async close() {
          const exited = once(baseline.process, "exit");
          baseline.close();
          await exited;
        },
      };
    },
  }));
}

async function measure(
  target: Target,
  { work, cluster, receiver }: { work: Work; cluster: Cluster; receiver: ReceiverProcess },
): Promise<Measured> {
  const own = (): number =>
    target.servers.reduce((sum, server) => sum + cpuSeconds(server), 0) * 1_000;
  const before = { cpuMs: own(), database: await readDatabase(cluster) };
  const jobsPerSecond = await drain(target, receiver, { work, jobs: JOBS });
  const cpuMs = own() - before.cpuMs;
  await sleep(STATISTICS_MS);
  const after = await readDatabase(cluster);
  const perJob = (key: keyof Usage): number => (after[key] - before.database[key]) / JOBS;
  return {
    jobsPerSecond,
    cpuMs: cpuMs / JOBS,
    databaseCpuMs: perJob("cpuMs"),
    walBytes: perJob("walBytes"),
    rowWrites: perJob("rowWrites"),
    transactions: perJob("transactions"),
  };
}

interface Usage {
  readonly cpuMs: number;
  readonly walBytes: number;
  readonly rowWrites: number;
  readonly transactions: number;
}

/** What the database server has done so far. */
async function readDatabase(cluster: Cluster): Promise<Usage> {
  const [row] = await cluster.query<Record<"pid" | "wal" | "writes" | "transactions", string>>(
    `SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1) AS pid,
       pg_current_wal_insert_lsn() - '0/0' AS wal,
       sum(tup_inserted + tup_updated + tup_deleted) AS writes, sum(xact_commit) AS transactions
     FROM pg_stat_database`,
  );
  return {
    cpuMs: cpuSeconds({ process: { pid: Number(row?.pid) } }) * 1_000,
    walBytes: Number(row?.wal),
    rowWrites: Number(row?.writes),
    transactions: Number(row?.transactions),
  };
}

/** The jobs of a second, from the first request to the last response, end or event. */
async function drain(
  { servers }: Pick<Target, "servers">,
  receiver: ReceiverProcess,
  { work, jobs }: { work: Work; jobs: number },
): Promise<number> {
  const isDelivered = work === WITH_DELIVERIES;
  const reached = isDelivered ? receiver.expect(3 * jobs) : null;
  const before = isDelivered ? 0 : await completed(servers[0]!);
  const body = JSON.stringify({
    plugins: ["word-count"],
    input: INPUT,
    ...(isDelivered && { webhook: { url: receiver.url } }),
    ...(work === ACCEPTED && { runAt: "2999-01-01T00:00:00Z" }),
  });
  const loads = await Promise.all(
    servers.map(({ url, token }) =>
      runLoad({
        url: `${url}/v1/jobs`,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          "content-type": "application/json",
        },
        body,
        count: jobs / servers.length,
        concurrency: CONCURRENCY / servers.length,
      }),
    ),
  );
  const refused = loads.reduce((sum, load) => sum + load.refused, 0);
  if (refused > 0) throw new Error(`${refused} jobs were refused`);
  const firstAt = Math.min(...loads.map((load) => load.firstAt));
  let lastAt = Math.max(...loads.map((load) => load.lastAt));
  if (reached !== null) lastAt = await reached;
  if (work === WITHOUT) {
    while ((await completed(servers[0]!)) < before + jobs) await sleep(10);
    lastAt = performance.timeOrigin + performance.now();
  }
  return (jobs * 1_000) / (lastAt - firstAt);
}

async function completed({ url, token }: Server): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/v1/status`, { headers });
  const { jobs } = (await response.json()) as { jobs: { completed: number } };
  return jobs.completed;
}

function toFigures(results: ReadonlyMap<string, readonly Measured[]>): Figure[] {
  const of = (work: Work, name: string) => results.get(`${work}: ${name}`) ?? [];
  const ratio = (name: string, a: readonly Measured[], b: readonly Measured[]): Figure => ({
    name,
    value: median(a.map((each, at) => each.jobsPerSecond / (b[at]?.jobsPerSecond ?? Number.NaN))),
    unit: "×",
  });
  const one = of(WITH_DELIVERIES, ONE);
  return [
    ...[...results].flatMap(([name, rounds]): Figure[] => {
      const value = (key: keyof Measured): number => median(rounds.map((each) => each[key]));
      const usesDatabase = !name.endsWith(SQLITE);
      return [
        { name, value: value("jobsPerSecond"), unit: "jobs/s" },
        { name, value: value("cpuMs"), unit: "ms of CPU/job" },
        ...(usesDatabase
          ? ([
              { name: `${name}: database`, value: value("databaseCpuMs"), unit: "ms of CPU/job" },
              { name, value: value("walBytes"), unit: "bytes of WAL/job" },
              { name, value: value("rowWrites"), unit: "row writes/job" },
              { name, value: value("transactions"), unit: "transactions/job" },
            ] as const)
          : []),
      ];
    }),
    ratio("1 daemon / SQLite", one, of(WITH_DELIVERIES, SQLITE)),
    ratio("1 daemon / graphile-worker", one, of(WITH_DELIVERIES, "graphile")),
    ratio("1 daemon / pg-boss", one, of(WITH_DELIVERIES, "pg-boss")),
    ratio("2 daemons / 1", of(WITH_DELIVERIES, "PostgreSQL, 2 daemons"), one),
    ratio("4 daemons / 1", of(WITH_DELIVERIES, "PostgreSQL, 4 daemons"), one),
  ];
}
