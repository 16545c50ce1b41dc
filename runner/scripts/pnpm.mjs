/**
 * Runs the pnpm that package.json names in `packageManager`, after it has compared what the registry
 * offers with the hash there. npx compares what it downloads with what the registry offers. Runs on
 * the machine's Node.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const { packageManager } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const [, name, hash] = /^(pnpm@[\d.]+)\+sha512\.([0-9a-f]+)$/.exec(packageManager);
const wanted = `sha512-${Buffer.from(hash, "hex").toString("base64")}`;
const shell = process.platform === "win32";

const view = spawnSync("npm", ["view", "--prefer-offline", name, "dist.integrity"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
  shell,
});
const offered = view.stdout?.trim();
if (offered === wanted) {
  const run = spawnSync("npx", ["--yes", name, ...process.argv.slice(2)], {
    stdio: "inherit",
    shell,
  });
  if (run.error) throw run.error;
  process.exitCode = run.status ?? 1;
} else {
  process.stderr.write(
    `${name} is not installed: the registry offers ${offered || "nothing"}, but package.json has the hash ${wanted}.\n`,
  );
  process.exitCode = 1;
}
