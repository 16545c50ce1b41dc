import { statfs } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import type { Disk, Host } from "../ports/host.ts";
import { VERSION } from "../version.ts";

export function createHost(options: {
  readonly dataDir: string;
  /** Undefined if the database is in the data folder. */
  readonly databaseUrl?: string | undefined;
  readonly executorEnds: Host["executorEnds"];
}): Host {
  async function disk(): Promise<Disk | null> {
    try {
      const { bavail, blocks, bsize } = await statfs(options.dataDir);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch {
      return null;
    }
  }

  return {
    name: hostname(),
    processId: process.pid,
    version: VERSION,
    daemonBytes: () => process.memoryUsage.rss(),
    disk,
    databaseDisk: async () => (options.databaseUrl === undefined ? disk() : null),
    uptimeMs: () => uptime() * 1_000,
    executorEnds: options.executorEnds,
  };
}
