/**
 * Decides which file owns each plugin's name. The files alone decide, so that the daemon, a daemon
 * that restarts and the command line agree. First come built-in plugins, then the file that is named
 * like the plugin, then the first by its name without the extension: "word.ts" before "word-copy.ts".
 *
 * A file that is broken keeps the name that it had, so that a copy of it does not get its jobs.
 */
import type { PluginFile } from "./find-plugins.ts";
import type { ScanAnswer } from "../messages.ts";

export interface ScannedFile {
  readonly found: PluginFile;
  readonly answer: ScanAnswer;
}

/** By name. */
export type NameOwners = ReadonlyMap<string, PluginFile>;

export function assignNames(scanned: readonly ScannedFile[], before: NameOwners): NameOwners {
  const owners = new Map<string, PluginFile>();
  function claim(name: string, found: PluginFile): void {
    const owner = owners.get(name);
    if (owner === undefined || comesFirst(found, owner, name)) owners.set(name, found);
  }
  const broken = new Map<string, PluginFile>();
  for (const { found, answer } of scanned) {
    if (answer.ok) claim(answer.plugin.name, found);
    else broken.set(found.path, found);
  }
  for (const [name, { path }] of before) {
    const found = broken.get(path);
    if (found !== undefined) claim(name, found);
  }
  return owners;
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
