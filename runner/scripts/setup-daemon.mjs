/**
 * Installs the packages of the daemon and the demo without the development tools. If they are
 * installed, it does nothing, so that a start needs no registry. Installed tools stay, because the
 * next test would download them again. Runs on the machine's Node, before the project's Node is
 * installed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const lockFile = readFileSync(new URL("pnpm-lock.yaml", root));
const wanted = createHash("sha256").update(lockFile).digest("hex");
/** Contains the hash of the lock file that was installed. */
const stamp = new URL("node_modules/.playground-daemon", root);
const exists = (path) => existsSync(new URL(path, root));

function isInstalled() {
  const parts = [
    "node_modules/.bin/node",
    "runner/node_modules/fastify/package.json",
    "runner/console/node_modules/preact/package.json",
  ];
  return parts.every(exists) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

if (!isInstalled()) {
  if (!exists("node_modules")) {
    process.stderr.write(
      "Installing Node 24 and the daemon's packages into this folder: about 130 MB to download, once.\n",
    );
  }
  // The lock file pins every byte. Development and CI check it against pnpm's policies. The same
  // check here would download the metadata of all 800 packages, three times the size of the
  // installation.
  const flags = ["--frozen-lockfile", "--config.trustLockfile=true"];
  const packages = [".", "playground-runner", "playground-console"].flatMap((name) => [
    "--filter",
    name,
  ]);
  const tools = exists("node_modules/vitest") ? [] : ["--prod"];
  const { status, error } = spawnSync(
    process.execPath,
    [
      fileURLToPath(new URL("pnpm.mjs", import.meta.url)),
      "install",
      ...flags,
      ...packages,
      ...tools,
    ],
    // Standard output belongs to the command that runs next. It can be a token or a plugin's
    // result.
    { cwd: fileURLToPath(root), stdio: ["inherit", 2, 2] },
  );
  if (error) throw error;
  if (status === 0) writeFileSync(stamp, wanted);
  process.exitCode = status ?? 1;
}
