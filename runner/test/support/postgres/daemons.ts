import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDaemon, type Daemon } from "../daemon.ts";
import type { Schema } from "./schema.ts";

/** Of all daemons on one database: 32 bytes in base64. */
export const SECRET_KEY = Buffer.alloc(32, 7).toString("base64");

/** The URL with which a daemon has its tables in the schema. */
export function urlOf({ url, name }: Schema): string {
  return `${url}&options=${encodeURIComponent(`-c search_path=${name}`)}`;
}

export interface SharedDaemons {
  /** Starts a daemon with a data folder of its own, and the plugins of all. */
  start(env?: Record<string, string>): Promise<Daemon>;
  close(): Promise<void>;
}

type Plugins = Pick<NonNullable<Parameters<typeof startDaemon>[0]>, "plugins" | "pluginsDir">;

/** Daemons on one database, with the same plugins. */
export async function shareDatabase(url: string, plugins: Plugins = {}): Promise<SharedDaemons> {
  const root = await mkdtemp(join(tmpdir(), "playground-shared-"));
  const daemons: Daemon[] = [];
  return {
    async start(env = {}) {
      const daemon = await startDaemon({
        root: await mkdtemp(join(root, "daemon-")),
        ...plugins,
        env: { PLAYGROUND_DATABASE_URL: url, PLAYGROUND_SECRET_KEY: SECRET_KEY, ...env },
      });
      daemons.push(daemon);
      return daemon;
    },
    async close() {
      await Promise.all(daemons.map((daemon) => daemon.close()));
      await rm(root, { recursive: true, force: true });
    },
  };
}
