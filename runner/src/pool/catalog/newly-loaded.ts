import { stampsWhenImported } from "./stamps.ts";
import type { ScannedFile } from "./name-owners.ts";

/**
 * Returns a function that receives the files after each scan, and returns the paths of those in
 * PLUGINS_DIR that were loaded for the first time, or from files that have changed.
 */
export function createNewlyLoaded(): (files: readonly ScannedFile[]) => ReadonlySet<string> {
  let before: ReadonlyMap<string, string> = new Map();
  return (files) => {
    const now = new Map<string, string>();
    for (const { found, answer } of files) {
      if (found.source === "built-in" || !answer.ok) continue;
      now.set(found.path, stampsWhenImported(answer.imported));
    }
    const loaded = now.entries().filter(([path, stamps]) => before.get(path) !== stamps);
    const paths = new Set(loaded.map(([path]) => path));
    before = now;
    return paths;
  };
}
