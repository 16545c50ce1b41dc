/**
 * Lets a plugin's file import `playground-runner/plugin` and `zod` from any folder, with no
 * node_modules near it. These are in-thread hooks: they affect only the thread that installs them, and
 * the workers that it starts (nested-workers.ts).
 */
import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { preloadNestedWorkers } from "./nested-workers.ts";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const requireHere = createRequire(import.meta.url);
const SDK = "playground-runner/plugin";
const SDK_URL = new URL(`../plugin-sdk.${extension}`, import.meta.url).href;

function isZod(specifier: string): boolean {
  return specifier === "zod" || specifier.startsWith("zod/");
}

/** Calls `onResolve` with the URL of every module that this thread imports. */
export function installPluginResolution(onResolve?: (url: string) => void): void {
  preloadNestedWorkers();
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === SDK) return { url: SDK_URL, shortCircuit: true };
      if (/^playground-runner(?:\/|$)/.test(specifier)) {
        throw new Error(
          `it imports "${specifier}": plugins can import only "${SDK}" from playground-runner`,
        );
      }
      const found = isZod(specifier)
        ? resolveZod(specifier, context, next)
        : next(specifier, context);
      onResolve?.(found.url);
      // Without a package.json Node guesses the format of a TypeScript file, and warns each time.
      return found.url.endsWith(".ts") && found.format == null
        ? { ...found, format: "module-typescript" }
        : found;
    },
  });
}

type Resolve = NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>;

/** The plugin's own zod when it has one, otherwise the runner's. */
function resolveZod(...[specifier, context, next]: Parameters<Resolve>): ReturnType<Resolve> {
  try {
    return next(specifier, context);
  } catch {
    // Node ignores a different parentURL for `require`, which would search in the plugin's folders again.
    if (context.conditions.includes("require")) {
      return { url: pathToFileURL(requireHere.resolve(specifier)).href, shortCircuit: true };
    }
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
}
