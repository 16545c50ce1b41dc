import { fchownSync, statSync } from "node:fs";

/**
 * When root runs a command on a daemon's data folder, the daemon's user must be able to open the
 * files that root creates there. The parameter is a descriptor, because a path could become a link.
 */
export function giveToOwnerOf(dir: string, descriptor: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dir);
  if (uid !== 0 || gid !== 0) fchownSync(descriptor, uid, gid);
}
