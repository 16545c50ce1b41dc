/** Starts daemons with the plugins, the endpoints and the clock of the upgrade test. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../../support/daemon.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const preload = (name: string): string => new URL(`preloads/${name}.ts`, import.meta.url).href;

type DaemonOptions = NonNullable<Parameters<typeof startDaemon>[0]>;

export interface World {
  /** The folder with the data folder, the list of the steps that ran, and the signs for the plugins. */
  readonly root: string;
  /** Receives what is sent to any webhook. */
  readonly receiverUrl: string;
  /** How far the daemon's clock is ahead of the real one. */
  readonly clockOffsetMs: number;
}

export interface Life {
  /** 1 for the first daemon on this folder, 2 for the second … */
  readonly number: number;
  /** The number of the statement before which the daemon is killed. */
  readonly killAt?: number;
  readonly onSpawn?: DaemonOptions["onSpawn"];
}

export const runsPath = (world: Pick<World, "root">): string => join(world.root, "runs");
export const signsPath = (world: Pick<World, "root">): string => join(world.root, "signs");
export const tracePath = (world: Pick<World, "root">, life: number): string =>
  join(world.root, `statements-${life}`);

export function startIn(world: World, { number, killAt, onSpawn }: Life): Promise<Daemon> {
  return startDaemon({
    root: world.root,
    pluginsDir: PLUGINS,
    nodeArgs: ["--import", preload("world"), "--import", preload("kill")],
    ...(onSpawn && { onSpawn }),
    env: {
      // Empty counts as not set: the data folder has a token.
      PLAYGROUND_TOKEN: "",
      PLAYGROUND_PUBLIC_URL: "http://127.0.0.1:8787",
      PLAYGROUND_LOG_LEVEL: "error",
      PLAYGROUND_GRACE_MS: "500",
      UPGRADE_RECEIVER_PORT: new URL(world.receiverUrl).port,
      UPGRADE_CLOCK_OFFSET_MS: String(world.clockOffsetMs),
      UPGRADE_LIFE: String(number),
      UPGRADE_RUNS: runsPath(world),
      UPGRADE_SIGNS: signsPath(world),
      UPGRADE_TRACE: tracePath(world, number),
      ...(killAt !== undefined && { UPGRADE_KILL_AT: String(killAt) }),
      // Otherwise each thread would strip the types of the preloads again.
      ...(process.env["NODE_COMPILE_CACHE"] !== undefined && {
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      }),
    },
  });
}
