/**
 * Lets a plugin's file, wherever it lies, import `playground-runner/plugin` and `zod` with no
 * node_modules near it. In-thread hooks: they see only the thread that installs them.
 */
import { registerHooks } from "node:module";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const SDK = "playground-runner/plugin";
const SDK_URL = new URL(`../plugin-sdk.${extension}`, import.meta.url).href;

function isZod(specifier: string): boolean {
  return specifier === "zod" || specifier.startsWith("zod/");
}

/** `onResolve` hears the URL of every module that is imported. */
export function installPluginResolution(onResolve?: (url: string) => void): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === SDK) return { url: SDK_URL, shortCircuit: true };
      if (/^playground-runner(?:\/|$)/.test(specifier)) {
        throw new Error(
          `it imports "${specifier}": it must be "${SDK}", all else is not for plugins`,
        );
      }
      const found = isZod(specifier)
        ? resolveZod(specifier, context, next)
        : next(specifier, context);
      onResolve?.(found.url);
      // A TypeScript file under no package.json would be guessed at, with a warning for each guess.
      return found.url.endsWith(".ts") && found.format == null
        ? { ...found, format: "module-typescript" }
        : found;
    },
  });
}

type Resolve = NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>;

/** The plugin's own zod where it has one, else the runner's. */
function resolveZod(...[specifier, context, next]: Parameters<Resolve>): ReturnType<Resolve> {
  try {
    return next(specifier, context);
  } catch {
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
}
