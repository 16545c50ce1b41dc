import { statfs } from "node:fs/promises";
import { uptime } from "node:os";
import type { Host } from "../ports/host.ts";

export function createHost(options: {
  readonly dataDir: string;
  readonly executorEnds: Host["executorEnds"];
}): Host {
  return {
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
