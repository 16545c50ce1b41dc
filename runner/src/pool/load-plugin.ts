/** Imports a plugin's file. Runs in threads only: the main thread imports no plugin. */
import { definePlugin, type PluginDefinition } from "../plugin-sdk.ts";

const loaded = new Map<string, Promise<PluginDefinition>>();

/** Once in a thread's life. Rejects with what the file throws, or a TypeError that says what it must export. */
export function loadPlugin(file: string): Promise<PluginDefinition> {
  let plugin = loaded.get(file);
  if (plugin === undefined) loaded.set(file, (plugin = importPlugin(file)));
  return plugin;
}

async function importPlugin(file: string): Promise<PluginDefinition> {
  const exported = unwrap((await import(file)) as Record<string, unknown>);
  if (typeof exported !== "object" || exported === null) {
    throw new TypeError(
      `the file has no default export that is a plugin: it must say "export default definePlugin({ … })"`,
    );
  }
  // A plugin that was built without definePlugin is held to the same form.
  return definePlugin(exported as PluginDefinition);
}

/** CommonJS made from a default export carries it one level down. */
function unwrap(module: Record<string, unknown>): unknown {
  const exported = module["default"];
  const isPackedTwice =
    typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isPackedTwice ? (exported as { default?: unknown }).default : exported;
}
