import { readFile } from "node:fs/promises";
import type { PluginSecrets } from "../ports/plugin-secrets.ts";
import { secretFileVariable, secretVariable, type SecretSource } from "./secret-variables.ts";

/** A secret is small. It goes to a plugin thread with each step. */
const MAX_BYTES = 64 * 1024;

export function createPluginSecrets(sources: ReadonlyMap<string, SecretSource>): PluginSecrets {
  const files = new Map<string, { readonly value: string } | { readonly error: string }>();

  function fileOf(name: string): string | null {
    const source = sources.get(name);
    return source !== undefined && "file" in source ? source.file : null;
  }

  function findOne(name: string): { value: string } | { error: string } {
    const source = sources.get(name);
    if (source === undefined) {
      return {
        error: `The secret ${name} is missing: set ${secretVariable(name)}, or set ${secretFileVariable(name)} to the path of a file that contains it.`,
      };
    }
    if ("value" in source) return source;
    return files.get(name) ?? { error: `The secret ${name} has not been read yet.` };
  }

  return {
    filesOf: (names) => names.flatMap((name) => fileOf(name) ?? []),
    async load(names) {
      await Promise.all(
        names.map(async (name) => {
          const file = fileOf(name);
          if (file !== null) files.set(name, await read(name, file));
        }),
      );
    },
    find(names) {
      const values: Record<string, string> = {};
      const errors: string[] = [];
      for (const name of names) {
        const found = findOne(name);
        if ("value" in found) values[name] = found.value;
        else errors.push(found.error);
      }
      return errors.length === 0 ? { values } : { error: errors.join(" ") };
    },
  };
}

/** One line break at the end is that of an editor or of `echo`, and is left out. */
async function read(name: string, path: string): Promise<{ value: string } | { error: string }> {
  const where = `The secret ${name} cannot be read from "${path}", which ${secretFileVariable(name)} names:`;
  try {
    const content = await readFile(path);
    if (content.length > MAX_BYTES) {
      return {
        error: `${where} the file has ${content.length} bytes, and the limit is ${MAX_BYTES}.`,
      };
    }
    const value = content.toString("utf8").replace(/\r?\n$/, "");
    return value === "" ? { error: `${where} the file is empty.` } : { value };
  } catch (error) {
    return { error: `${where} ${(error as NodeJS.ErrnoException).code ?? String(error)}.` };
  }
}
