/**
 * Decides which file owns each plugin's name. A file keeps its name as long as it exists, broken or
 * not, so that a copy of the file does not get its jobs. A free name goes to the first file that
 * declares it, built-in plugins first.
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
  const byPath = new Map(scanned.map((each) => [each.found.path, each]));
  const owners = new Map<string, PluginFile>();
  for (const [name, { path }] of before) {
    const now = byPath.get(path);
    if (now === undefined) continue;
    const { found, answer } = now;
    if (!answer.ok || answer.plugin.name === name) owners.set(name, found);
  }
  for (const { found, answer } of scanned) {
    if (answer.ok && !owners.has(answer.plugin.name)) owners.set(answer.plugin.name, found);
  }
  return owners;
}
