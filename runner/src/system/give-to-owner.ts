import { fchownSync, statSync } from "node:fs";

/**
 * Root may act in the folder of a daemon that runs as another user, which is to open what root makes
 * there. Takes a descriptor, since by its path a file could be a link to another by now.
 */
export function giveToOwnerOf(dir: string, descriptor: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dir);
  if (uid !== 0 || gid !== 0) fchownSync(descriptor, uid, gid);
}
