/** Imports a plugin's file. Used in threads only: the main thread imports no plugin. */
import type { PluginDefinition } from "../plugin-sdk.ts";
import { checkDefinition } from "./definition-faults.ts";

const loaded = new Map<string, Promise<PluginDefinition>>();

/** Imports each file once per thread. Rejects with the file's own error, or a TypeError that says what to export. */
export function loadPlugin(file: string): Promise<PluginDefinition> {
  let plugin = loaded.get(file);
  if (plugin === undefined) loaded.set(file, (plugin = importPlugin(file)));
  return plugin;
}

async function importPlugin(file: string): Promise<PluginDefinition> {
  const exported = unwrap((await import(file)) as Record<string, unknown>);
  if (typeof exported !== "object" || exported === null) {
    throw new TypeError(
      `the file has no default export that is a plugin: it must contain "export default definePlugin({ … })"`,
    );
  }
  // Checks a plugin that was made without definePlugin as well.
  checkDefinition(exported);
  return exported as PluginDefinition;
}

/** A default export that was compiled to CommonJS is one level further down. */
function unwrap(module: Record<string, unknown>): unknown {
  const exported = module["default"];
  const isPackedTwice =
    typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isPackedTwice ? (exported as { default?: unknown }).default : exported;
}
