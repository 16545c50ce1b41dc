/**
 * Installs what the daemon and the demo run on, without the tools to develop them, unless it is
 * there: a start needs no registry then. Tools that are installed stay, or the next test would fetch
 * them again. Runs on the machine's own Node, before the project's is there.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const lockFile = readFileSync(new URL("pnpm-lock.yaml", root));
const wanted = createHash("sha256").update(lockFile).digest("hex");
/** Says which lock file was installed. */
const stamp = new URL("node_modules/.playground-daemon", root);
const isThere = (path) => existsSync(new URL(path, root));

function isInstalled() {
  const parts = ["node_modules/.bin/node", "runner/node_modules/fastify/package.json"];
  return parts.every(isThere) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

if (!isInstalled()) {
  // The lock file pins every byte, and development and CI hold it against pnpm's policies: doing so
  // here would fetch the metadata of all 800 packages, three times what is installed.
  const flags = ["--frozen-lockfile", "--config.trustLockfile=true"];
  const packages = ["--filter", ".", "--filter", "playground-runner"];
  const tools = isThere("node_modules/vitest") ? [] : ["--prod"];
  const { status, error } = spawnSync(
    "npx",
    ["--yes", "pnpm@12", "install", ...flags, ...packages, ...tools],
    // Standard output is the command's that is run afterwards: a token, a plugin's result.
    { cwd: fileURLToPath(root), stdio: ["inherit", 2, 2], shell: process.platform === "win32" },
  );
  if (error) throw error;
  if (status === 0) writeFileSync(stamp, wanted);
  process.exitCode = status ?? 1;
}
