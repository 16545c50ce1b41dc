/**
 * Builds the console into dist/ when its sources have changed since the last build: one page, one
 * style sheet, and the scripts that it loads. Names contain a hash of the content, so that browsers
 * keep the files forever. All URLs are relative, so that the console works under any path.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const HERE = import.meta.dirname;
const OUT = join(HERE, "dist");
/** Contains the hash of the sources that dist/ was built from. */
const STAMP = join(OUT, ".sources");

function hashSources(): string {
  const hash = createHash("sha256");
  const files = globSync(["build.ts", "index.html", "package.json", "src/**/*.{ts,tsx,css}"], {
    cwd: HERE,
  });
  for (const file of files.toSorted()) {
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(HERE, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

async function build(): Promise<void> {
  const { build: bundle } = await import("esbuild");
  rmSync(OUT, { recursive: true, force: true });
  const { metafile } = await bundle({
    absWorkingDir: HERE,
    entryPoints: [
      { in: "src/main.tsx", out: "console" },
      { in: "src/style/console.css", out: "style" },
    ],
    outdir: join(OUT, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    metafile: true,
    target: ["chrome120", "firefox121", "safari17.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    // The form library is written for React.
    alias: { react: "preact/compat", "react/jsx-runtime": "preact/jsx-runtime" },
    legalComments: "none",
  });
  const outputs = Object.entries(metafile.outputs);
  const [path, main] = outputs.find(([, output]) => output.entryPoint === "src/main.tsx")!;
  const [style] = outputs.find(([, output]) => output.entryPoint === "src/style/console.css")!;
  const preloads = main.imports.filter(({ kind }) => kind === "import-statement");
  const page = readFileSync(join(HERE, "index.html"), "utf8")
    .replace("%STYLE%", asset(style))
    .replace("%SCRIPT%", asset(path))
    .replace(
      "%PRELOADS%",
      preloads
        .map(({ path: chunk }) => `<link rel="modulepreload" href="${asset(chunk)}" />`)
        .join(""),
    );
  writeFileSync(join(OUT, "index.html"), page);
}

function asset(path: string): string {
  return `assets/${basename(path)}`;
}

const sources = hashSources();
if (!existsSync(STAMP) || readFileSync(STAMP, "utf8") !== sources) {
  mkdirSync(OUT, { recursive: true });
  await build();
  writeFileSync(STAMP, sources);
}
