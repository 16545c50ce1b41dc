/** Daemons that are killed before and after a commit, on SQLite. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { describeCommitKills } from "../support/commit-kills.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

const STATEMENTS = {
  merge: "UPDATE job_specs SET timeout_ms",
  freeSlot: "UPDATE jobs SET status = ?4",
  giveSlot: "UPDATE jobs SET blocked_since = NULL",
  pause: "INSERT INTO limit_states (limit_name, is_key, limit_key, paused_at",
  setSecret: "UPDATE secrets SET sealed",
};

describeCommitKills(STATEMENTS, async (plugins) => {
  const root = await mkdtemp(join(tmpdir(), "commit-kills-"));
  const daemons: Daemon[] = [];
  return {
    async start(env = {}) {
      const daemon = await startDaemon({ root, env, plugins });
      daemons.push(daemon);
      return daemon;
    },
    problems: async () => checkDatabase(join(root, "data", "playground.db")).broken,
    async close() {
      await Promise.all(daemons.map((daemon) => daemon.close()));
      await rm(root, { recursive: true });
    },
  };
});
