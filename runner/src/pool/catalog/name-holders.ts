/**
 * Which file each plugin's name belongs to. A file keeps its name as long as it is there, broken or
 * not, so that a copy of it beside it does not take its jobs; a name that nobody held goes to the
 * first file, and built-in ones come before all.
 */
import type { PluginFile } from "./find-plugins.ts";
import type { ScanAnswer } from "../messages.ts";

export interface Read {
  readonly found: PluginFile;
  readonly answer: ScanAnswer;
}

/** By name. */
export type NameHolders = ReadonlyMap<string, PluginFile>;

export function assignNames(read: readonly Read[], before: NameHolders): NameHolders {
  const byPath = new Map(read.map((each) => [each.found.path, each]));
  const holders = new Map<string, PluginFile>();
  for (const [name, { path }] of before) {
    const now = byPath.get(path);
    if (now === undefined) continue;
    const { found, answer } = now;
    if (!answer.ok || answer.plugin.name === name) holders.set(name, found);
  }
  for (const { found, answer } of read) {
    if (answer.ok && !holders.has(answer.plugin.name)) holders.set(answer.plugin.name, found);
  }
  return holders;
}
