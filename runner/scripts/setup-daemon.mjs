/**
 * Installs what the daemon and the demo run on, without the tools to develop them: half of what there
 * is to download. Where the tools are installed they stay, or the next test would fetch them again.
 * Runs on the machine's own Node, before the project's is there.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const hasTools = existsSync(new URL("node_modules/vitest", root));
// The lock file pins every byte, and development and CI hold it against pnpm's policies: doing so
// here would fetch the metadata of all 800 packages, three times what is installed.
const install = ["--yes", "pnpm@12", "install", "--frozen-lockfile", "--config.trustLockfile=true"];
const packages = ["--filter", ".", "--filter", "playground-runner"];
const { status, error } = spawnSync(
  "npx",
  [...install, ...packages, ...(hasTools ? [] : ["--prod"])],
  {
    cwd: fileURLToPath(root),
    stdio: "inherit",
    shell: process.platform === "win32",
  },
);
if (error) throw error;
process.exitCode = status ?? 1;
