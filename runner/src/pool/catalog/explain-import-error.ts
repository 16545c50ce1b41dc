/** The message of an error at the import of a plugin, with the file and line where it arose. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import type { ImportedFile } from "../messages.ts";
import { explainMissingPackage } from "../missing-package.ts";

const RUNNER_SRC = fileURLToPath(new URL("../../", import.meta.url));

/** A syntax error has the source below its first line. `imported`: the files that were imported, in order. */
export function explainImportError(error: unknown, imported: readonly ImportedFile[]): string {
  const [first] = imported;
  if (!(error instanceof Error)) {
    const place = first === undefined ? "" : ` (${first.path})`;
    return `the file throws ${String(error)} when it is imported${place}`;
  }
  if (error instanceof SyntaxError) {
    const found = placeOfSyntaxError(error) ?? parseAgain(imported);
    if (found !== null) {
      const [place = "", ...source] = found.split("\n");
      return [`${error.message}${typeHint(error, place)} (${place})`, ...source].join("\n");
    }
  }
  const place = placeOfImport(error, imported) ?? placeInStack(error);
  // The whole message can have many lines, such as Node's list of the modules that required one.
  const message = explainMissingPackage(error) ?? error.message;
  const [line = "", ...more] = message.split("\n");
  return [place === null ? line : `${line} (${place})`, ...more].join("\n");
}

/** Node strips types from one file at a time, so it does not know which imports are types. */
function typeHint({ message }: Error, place: string): string {
  const [, name] = /does not provide an export named '([^']+)'$/.exec(message) ?? [];
  return name === undefined || !/\.m?ts:\d+$/.test(place)
    ? ""
    : `. If ${name} is a type, write \`import type { ${name} }\``;
}

/** File, line and a piece of the source, which Node writes above the stack for TypeScript and for names that are not exported. */
function placeOfSyntaxError(error: Error): string | null {
  const [place, ...rest] = (error.stack ?? "").split(/\n\n?SyntaxError/);
  if (place === undefined || rest.length === 0 || place === "") return null;
  return place.replace(/^file:\/\/(\S*)/, (url) => toPath(url));
}

/** Finds the line of a syntax error in a JavaScript file by parsing the file as TypeScript. */
function parseAgain(imported: readonly ImportedFile[]): string | null {
  for (const { path } of imported) {
    if (path.includes("/node_modules/")) continue;
    try {
      stripTypeScriptTypes(readFileSync(path, "utf8"), { sourceUrl: path });
    } catch (error) {
      return error instanceof Error ? placeOfSyntaxError(error) : null;
    }
  }
  return null;
}

/** The line that imports a module that does not exist or is refused. Node names the file at most. */
function placeOfImport(error: Error, imported: readonly ImportedFile[]): string | null {
  const [, missing, refused] =
    /^(?:Cannot find (?:module|package) '([^']+)'|it imports "([^"]+)")/.exec(error.message) ?? [];
  const specifier = missing ?? refused;
  if (specifier === undefined) return null;
  // For a file Node gives its path, whose last part is in the specifier.
  const last = specifier.split(/[\\/]/).at(-1) ?? specifier;
  const importer = / imported from (.+)$/m.exec(error.message)?.[1];
  const paths = importer === undefined ? imported.map(({ path }) => path) : [importer];
  for (const path of paths) {
    const line = lineOf(
      path,
      (text) => text.includes(last) && /\b(?:import|from|require)\b/.test(text),
    );
    if (line !== null) return `${path}:${line}`;
  }
  return null;
}

function lineOf(path: string, matches: (line: string) => boolean): number | null {
  try {
    const at = readFileSync(path, "utf8").split("\n").findIndex(matches);
    return at === -1 ? null : at + 1;
  } catch {
    return null;
  }
}

/** The first place in the stack that is neither Node's nor the runner's. */
function placeInStack(error: Error): string | null {
  for (const line of (error.stack ?? "").split("\n")) {
    const [, place, at] =
      /^\s+at (?:.*\()?((?:file:\/\/|\/|[A-Z]:\\).+?):(\d+):\d+\)?$/.exec(line) ?? [];
    if (place === undefined) continue;
    const path = toPath(place);
    if (!path.startsWith(RUNNER_SRC)) return `${path}:${at}`;
  }
  return null;
}

function toPath(place: string): string {
  return place.startsWith("file:") ? fileURLToPath(place) : place;
}
