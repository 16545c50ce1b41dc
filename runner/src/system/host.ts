import { statfs } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import type { Host } from "../ports/host.ts";
import { VERSION } from "../version.ts";

export function createHost(options: {
  readonly dataDir: string;
  readonly executorEnds: Host["executorEnds"];
}): Host {
  return {
    name: hostname(),
    processId: process.pid,
    version: VERSION,
    daemonBytes: () => process.memoryUsage.rss(),
    async disk() {
      try {
        const { bavail, blocks, bsize } = await statfs(options.dataDir);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      } catch {
        return null;
      }
    },
    uptimeMs: () => uptime() * 1_000,
    executorEnds: options.executorEnds,
  };
}
