/** The data folder of a released version, and the daemons of this version that are started on it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { runCli, type CliRun } from "../../support/cli.ts";
import { unpackDataDir, type Manifest, type State } from "../../support/data-dir-fixtures.ts";
import type { Daemon } from "../../support/daemon.ts";
import { createReceiver, type Received } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";
import { createClient, type Client } from "./client.ts";
import type { Run } from "./plugins/_signs.ts";
import { readState } from "./read-state.ts";
import { runsPath, startIn, tracePath, type World } from "./start.ts";

/** The downtime. It is below the hour of a Retry-After and the day for which an old secret is valid. */
const DOWN_MS = 10 * 60_000;
const KILL_TIMEOUT_MS = 30_000;
const DONE_TIMEOUT_MS = 30_000;

export interface Trial {
  readonly manifest: Manifest;
  /** What the endpoints received, in order. */
  readonly received: readonly Received[];
  /** The current instant on the daemons' clock. */
  now(): number;
  /** Starts a daemon that is killed before a statement. Resolves when it is dead. */
  startAndKill(killAt: number): Promise<Killed>;
  /** Starts a daemon that is not killed. */
  start(): Promise<Daemon>;
  client(daemon: Daemon): Client;
  readState(client: Client): Promise<State>;
  /** Waits until only scheduled jobs and deliveries to the `except` webhooks are left. */
  untilDone(client: Client, except?: readonly string[]): Promise<void>;
  /** The statements with which the newest daemon changed the database. */
  trace(): Promise<string[]>;
  /** The runs of steps that have begun. */
  runs(): Promise<Run[]>;
  /** `playground-runner check`. */
  check(): Promise<CliRun>;
  close(): Promise<void>;
}

interface Killed {
  readonly signal: NodeJS.Signals | null;
  /** The number of the statement before which it was killed. */
  readonly statements: number;
  readonly output: string;
}

export async function openTrial(version: string): Promise<Trial> {
  const root = await mkdtemp(join(tmpdir(), "playground-upgrade-"));
  const manifest = unpackDataDir(version, root);
  const receiver = await createReceiver();
  const clockOffsetMs = Date.parse(manifest.stoppedAt) + DOWN_MS - Date.now();
  const world: World = { root, receiverUrl: receiver.url, clockOffsetMs };
  const now = (): number => Date.now() + clockOffsetMs;
  const batchIds = manifest.batches.map(({ batchId }) => batchId);
  let lives = 0;
  let daemon: Daemon | null = null;

  async function readLines(path: string): Promise<string[]> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return "";
    });
    return text.split("\n").slice(0, -1);
  }

  const trace = (): Promise<string[]> => readLines(tracePath(world, lives));

  async function startAndKill(killAt: number): Promise<Killed> {
    lives += 1;
    const spawned = Promise.withResolvers<ChildProcess>();
    const onSpawn = (child: ChildProcess): void => spawned.resolve(child);
    let output = "";
    // The daemon can be killed before it is ready.
    const starting = startIn(world, { number: lives, killAt, onSpawn }).then(
      (started) => (daemon = started),
      (error: Error) => (output = error.message),
    );
    const child = await spawned.promise;
    await until(
      `a kill before statement ${killAt}`,
      () => child.exitCode !== null || child.signalCode !== null,
      { timeoutMs: KILL_TIMEOUT_MS },
    );
    await starting;
    const statements = (await trace()).length;
    return { signal: child.signalCode, statements, output: daemon?.output() ?? output };
  }

  async function isDone(client: Client, except: readonly string[]): Promise<boolean> {
    const jobs = (await client.list("/v1/jobs")) as { status: string; runAt: string }[];
    const isOpen = ({ status, runAt }: (typeof jobs)[number]): boolean =>
      status === "running" || (status === "queued" && Date.parse(runAt) <= now());
    if (jobs.some(isOpen)) return false;
    for (const id of batchIds) {
      if ((await client.get(`/v1/batches/${id}`)).endedAt === null) return false;
    }
    const deliveries = (await client.list("/v1/deliveries")) as State["deliveries"];
    return deliveries.every(
      ({ state, webhookId }) =>
        state === "delivered" || state === "dead" || except.includes(webhookId),
    );
  }

  return {
    manifest,
    received: receiver.received,
    now,
    startAndKill,
    async start() {
      lives += 1;
      return (daemon = await startIn(world, { number: lives }));
    },
    client: (started) => createClient(started, manifest.tokens.admin),
    readState: (client) => readState(client, batchIds),
    async untilDone(client, except = []) {
      await until("all work to be done", () => isDone(client, except), {
        timeoutMs: DONE_TIMEOUT_MS,
      });
    },
    trace,
    async runs() {
      return (await readLines(runsPath(world))).map((line) => JSON.parse(line) as Run);
    },
    check: () => runCli(["check", "--data-dir", join(root, "data")]),
    async close() {
      await daemon?.close();
      await receiver.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
