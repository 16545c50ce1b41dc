import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ImportedFile } from "../messages.ts";
import { stampOfFile } from "./stamps.ts";

const RUNNER_SRC = new URL("../../", import.meta.url).href;

/** Collects the files that are imported, with the stamps that they have before they are read. */
export function collectImports(): {
  readonly add: (url: string) => void;
  readonly files: () => readonly ImportedFile[];
  readonly clear: () => void;
} {
  const files = new Map<string, ImportedFile>();
  return {
    add(url) {
      if (!url.startsWith("file:") || url.startsWith(RUNNER_SRC)) return;
      const path = fileURLToPath(url);
      if (files.has(path)) return;
      const stats = statSync(path, { throwIfNoEntry: false });
      files.set(path, { path, stamp: stats === undefined ? "" : stampOfFile(stats) });
    },
    files: () => [...files.values()],
    clear: () => files.clear(),
  };
}
