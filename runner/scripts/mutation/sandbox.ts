/** A copy of the repository, in which files can be mutated while nobody sees it. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** What git does not hold and tests need. */
const LINKED = [
  "node_modules",
  "runner/node_modules",
  "runner/console/node_modules",
  "runner/console/dist",
  "n8n-nodes-playground/node_modules",
];

export function makeSandbox(root: string, path: string): string {
  rmSync(path, { recursive: true, force: true });
  const listed = spawnSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  for (const file of listed.stdout.split("\0").filter((name) => existsSync(join(root, name)))) {
    if (file === "") continue;
    mkdirSync(join(path, dirname(file)), { recursive: true });
    copyFileSync(join(root, file), join(path, file));
  }
  for (const folder of LINKED) {
    if (!existsSync(join(root, folder))) continue;
    mkdirSync(join(path, dirname(folder)), { recursive: true });
    symlinkSync(join(root, folder), join(path, folder));
  }
  copyFileSync(join(import.meta.dirname, "cover-setup.ts"), join(path, "cover-setup.ts"));
  return path;
}
