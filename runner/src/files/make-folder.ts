import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { giveToOwnerOf } from "../system/give-to-owner.ts";

const OWNER_ONLY = 0o700;

/** Returns whether it is new. If root makes it, its owner is that of the folder in which it is. */
export async function makeFolder(path: string): Promise<boolean> {
  if ((await mkdir(path, { recursive: true, mode: OWNER_ONLY })) === undefined) return false;
  if (process.getuid?.() !== 0) return true;
  const folder = await open(path);
  try {
    giveToOwnerOf(dirname(path), folder.fd);
  } finally {
    await folder.close();
  }
  return true;
}
