import { readFileSync } from "node:fs";

const PACKAGE = new URL("../../package.json", import.meta.url);

type Versions = Readonly<Record<string, string>>;

interface Manifest extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly version: string;
  readonly exports: Versions;
  readonly optionalDependencies: Versions;
}

/**
 * The package.json that is published. The clone installs what the heavy built-in plugins need. npm
 * leaves it out, as optional peers, until someone installs it beside the package.
 */
export function publishedManifest(): Manifest {
  const { private: _, devDependencies: __, optionalDependencies, ...manifest } = readManifest();
  return {
    ...manifest,
    exports: Object.fromEntries(
      Object.entries(manifest.exports).map(([name, path]) => [name, emitted(path)]),
    ),
    peerDependencies: Object.fromEntries(
      Object.entries(optionalDependencies).map(([name, version]) => [name, `^${version}`]),
    ),
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(optionalDependencies).map((name) => [name, { optional: true }]),
    ),
  } as unknown as Manifest;
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(PACKAGE, "utf8")) as Manifest;
}

function emitted(path: string): unknown {
  return { types: path.replace(/\.ts$/, ".d.ts"), default: path.replace(/\.ts$/, ".js") };
}
