/** Finds the packages that a package depends on at run time, in node_modules of pnpm or npm. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** The `license` of its package.json, an SPDX expression. Empty when it declares none. */
  readonly licence: string;
  readonly dir: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Sorted by name. Binaries for other systems are not installed and therefore left out. Throws when a
 * dependency that must be installed is not.
 */
export function shippedPackages(dirs: readonly string[]): readonly ShippedPackage[] {
  const found = new Map<string, ShippedPackage>();
  const waiting = dirs.map((dir) => realpathSync(dir));
  // The loop also visits the folders that it adds.
  for (const dir of waiting) {
    const { dependencies, optionalDependencies } = readManifest(dir);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const installed = locate(name, dir);
      if (installed === null) {
        if (optionalDependencies?.[name] !== undefined) continue;
        throw new Error(`${name}, which ${dir} depends on, is not installed`);
      }
      if (found.has(installed)) continue;
      found.set(installed, describe(installed));
      waiting.push(installed);
    }
  }
  return [...found.values()].toSorted((a, b) => (title(a) < title(b) ? -1 : 1));
}

export function title({ name, version }: ShippedPackage): string {
  return `${name} ${version}`;
}

function describe(dir: string): ShippedPackage {
  const { name, version, license } = readManifest(dir);
  const licence = typeof license === "string" ? license : (license?.type ?? "");
  return { name, version, licence, dir };
}

/** As Node resolves a name, without the package's `exports`, which can hide its package.json. */
function locate(name: string, from: string): string | null {
  for (let dir = from; ; dir = dirname(dir)) {
    // pnpm also links every package into .pnpm/node_modules, for those that declare too few.
    if (basename(dir) === ".pnpm" || dir === dirname(dir)) return null;
    const candidate = join(dir, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
  }
}

function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
}
