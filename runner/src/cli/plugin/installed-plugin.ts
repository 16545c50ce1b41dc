import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The package.json of a folder that `plugin add` has made. */
interface InstalledManifest {
  readonly private: true;
  readonly type: "module";
  readonly version: string;
  readonly main: "index.js";
  /** The npm package that the plugin comes from. */
  readonly playgroundPackage: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The npm package that the folder's plugin comes from. Null for a folder that `plugin add` has not made. */
export function packageOf(folder: string): string | null {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return null;
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Partial<InstalledManifest>;
  return manifest.playgroundPackage ?? null;
}

/** Makes a plugin of a folder in which npm has just installed one package. Returns the package. */
export function writeEntry(folder: string): { readonly name: string; readonly version: string } {
  const path = join(folder, "package.json");
  const { dependencies = {} } = JSON.parse(readFileSync(path, "utf8")) as {
    dependencies?: Readonly<Record<string, string>>;
  };
  const name = Object.keys(dependencies)[0] ?? "";
  const { version } = JSON.parse(
    readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"),
  ) as { version: string };
  const manifest: InstalledManifest = {
    private: true,
    type: "module",
    version,
    main: "index.js",
    playgroundPackage: name,
    dependencies,
  };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, "index.js"), `export { default } from ${JSON.stringify(name)};\n`);
  return { name, version };
}
