import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { PluginFiles } from "../plugin-sdk.ts";

const OWNER_ONLY = 0o700;

/**
 * `ctx.files`: paths that a job's submitter gave, held inside `root`. The directory is made when it
 * is first needed. What it holds is the operator's: nothing here guards against someone who swaps
 * a directory for a link between this check and the plugin's own open.
 */
export function createFiles(root: string): PluginFiles {
  return {
    resolve(path) {
      if (typeof path !== "string" || path.trim() === "" || path.includes("\0")) {
        throw new Error(
          `file is ${JSON.stringify(path)}: it must be a path in the files folder, such as "in/people.csv"`,
        );
      }
      mkdirSync(root, { recursive: true, mode: OWNER_ONLY });
      const realRoot = realpathSync(root);
      // An absolute path may spell the root by a link; `..` is settled before links are followed.
      const wanted = isAbsolute(path) ? resolve(path) : resolve(realRoot, path);
      const real = realPath(wanted);
      if (real === null || !isInside(realRoot, real)) {
        throw new Error(
          `file is ${JSON.stringify(path)}: it leads out of the files folder; give a path inside it, such as "in/people.csv"`,
        );
      }
      return real;
    },
  };
}

/** With every link followed, also where the end of the path does not exist yet; null when a link points nowhere. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  // Writing through a link that points nowhere would create its target, wherever that is.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return null;
  const parent = realPath(dirname(path));
  return parent === null ? null : join(parent, basename(path));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
