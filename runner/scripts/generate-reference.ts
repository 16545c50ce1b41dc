/**
 * `node runner/scripts/generate-reference.ts` writes the documents that are generated from the
 * code: the reference and the files for Make. With `--check` it writes nothing, lists the files
 * that are out of date and exits with 1.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createOpenApiDocument } from "../src/http/openapi.ts";
import { renderMakeFiles } from "./make/files.ts";
import { renderCli } from "./reference/cli.ts";
import { renderConfiguration } from "./reference/configuration.ts";
import { renderErrors } from "./reference/errors.ts";
import { renderEvents } from "./reference/events.ts";
import { renderPlugins } from "./reference/plugins.ts";

const DOCS = new URL("../../docs/", import.meta.url);

const reference: Readonly<Record<string, string>> = {
  "cli.md": renderCli(),
  "configuration.md": renderConfiguration(),
  "errors.md": renderErrors(),
  "events.md": renderEvents(),
  "openapi.json": `${JSON.stringify(createOpenApiDocument(), null, 2)}\n`,
  "plugins.md": await renderPlugins(),
};

const files = [
  ...Object.entries(reference).map(([name, text]) => [`reference/${name}`, text] as const),
  ...Object.entries(renderMakeFiles()).map(
    ([name, text]) => [`guides/make/${name}`, text] as const,
  ),
];

async function readOr(path: URL, fallback: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return fallback;
  }
}

const isCheck = process.argv.includes("--check");
for (const [name, text] of files) {
  const path = new URL(name, DOCS);
  if ((await readOr(path, "")) === text) continue;
  if (isCheck) {
    process.stderr.write(
      `${fileURLToPath(path)} is out of date: run \`node runner/scripts/generate-reference.ts\`.\n`,
    );
    process.exitCode = 1;
  } else {
    await mkdir(new URL(".", path), { recursive: true });
    await writeFile(path, text);
    process.stdout.write(`${fileURLToPath(path)}\n`);
  }
}
