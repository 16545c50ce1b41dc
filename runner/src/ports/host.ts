import type { ExecutorEnd } from "../domain/problem.ts";

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What the daemon's process and its machine report about themselves. */
export interface Host {
  /** The name of the machine or container. */
  readonly name: string;
  readonly processId: number;
  /** Of the daemon. */
  readonly version: string;
  /** The resident memory of the daemon's process. */
  daemonBytes(): number;
  /** The disk of the data folder. Null if the system does not tell. */
  disk(): Promise<Disk | null>;
  /** That disk if the database is on it, otherwise null. */
  databaseDisk(): Promise<Disk | null>;
  /** How long the machine is up, in ms. Unlike a monotonic clock it goes on while the machine is suspended. */
  uptimeMs(): number;
  /** The processes that ran plugins and ended in the last hour without being asked to, in order. */
  executorEnds(): readonly ExecutorEnd[];
}
