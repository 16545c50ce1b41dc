/**
 * Decides which file owns each plugin's name. First come built-in plugins, then the file that is named
 * like the plugin, then the first by its name without the extension: "word.ts" before "word-copy.ts".
 *
 * A file that is broken keeps the name that it had, so that a copy of it does not get its jobs. The
 * daemon stores these names, so that a daemon that restarts and the command line agree with it.
 */
import type { PluginFile } from "./find-plugins.ts";
import type { ScanAnswer } from "../messages.ts";

export interface ScannedFile {
  readonly found: PluginFile;
  readonly answer: ScanAnswer;
}

/** By name. */
export type NameOwners = ReadonlyMap<string, PluginFile>;

/** `nameBefore` returns the name that a file last had. */
export function assignNames(
  scanned: readonly ScannedFile[],
  nameBefore: (source: string) => string | null,
): NameOwners {
  const owners = new Map<string, PluginFile>();
  function claim(name: string, found: PluginFile): void {
    const owner = owners.get(name);
    if (owner === undefined || comesFirst(found, owner, name)) owners.set(name, found);
  }
  for (const { found, answer } of scanned) {
    const name = answer.ok ? answer.plugin.name : nameOfBroken(found, nameBefore);
    if (name !== null) claim(name, found);
  }
  return owners;
}

/** A built-in plugin always has the name of its file. */
function nameOfBroken(
  { source, label }: PluginFile,
  nameBefore: (source: string) => string | null,
): string | null {
  return source === "built-in" ? label : nameBefore(source);
}

function comesFirst(a: PluginFile, b: PluginFile, name: string): boolean {
  const ranks = [rank(a, name), rank(b, name)] as const;
  if (ranks[0] !== ranks[1]) return ranks[0] < ranks[1];
  return a.label === b.label ? a.source < b.source : a.label < b.label;
}

function rank({ source, label }: PluginFile, name: string): number {
  if (source === "built-in") return 0;
  return label === name ? 1 : 2;
}
