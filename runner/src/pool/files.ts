import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { PluginFiles } from "../plugin-sdk.ts";

const OWNER_ONLY = 0o700;

/**
 * `ctx.files.resolve`: keeps paths from a job inside `root`, a folder that is created when it is first needed.
 * The operator must trust whoever can write to that folder: this check does not protect against a
 * directory that is replaced by a link before the plugin opens the file.
 */
export function createFiles(root: string): Pick<PluginFiles, "resolve"> {
  return {
    resolve(path) {
      if (typeof path !== "string" || path.trim() === "" || path.includes("\0")) {
        throw new Error(
          `file is ${JSON.stringify(path)}: it must be a path in the files folder, such as "in/people.csv"`,
        );
      }
      mkdirSync(root, { recursive: true, mode: OWNER_ONLY });
      const realRoot = realpathSync(root);
      // An absolute path can name the root through a link. `..` is resolved before links are followed.
      const wanted = isAbsolute(path) ? resolve(path) : resolve(realRoot, path);
      const real = realPath(wanted);
      if (real === null || !isInside(realRoot, real)) {
        throw new Error(
          `file is ${JSON.stringify(path)}: it leads out of the files folder. It must be a path inside it, such as "in/people.csv"`,
        );
      }
      return real;
    },
  };
}

/** Follows every link, even when the end of the path does not exist yet. Null when a link has no target. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  // Writing through a link without a target would create the target, wherever it is.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return null;
  const parent = realPath(dirname(path));
  return parent === null ? null : join(parent, basename(path));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function isInside(root: string, path: string): boolean {
  const inside = relative(root, path);
  return inside !== "" && inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
