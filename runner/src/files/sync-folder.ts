import { open } from "node:fs/promises";

/** A name in a folder survives a power loss only when the folder is synced. Windows cannot sync one. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
