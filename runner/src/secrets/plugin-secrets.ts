import { readFile } from "node:fs/promises";
import { MAX_SECRET_BYTES } from "../domain/secret-name.ts";
import type { StoredSecrets } from "../ports/stored-secrets.ts";
import type { PluginSecrets } from "../ports/plugin-secrets.ts";
import { secretFileVariable, secretVariable, type SecretSource } from "./secret-variables.ts";

/** The environment's secrets, then those in the store. A command without a daemon has no store. */
export function createPluginSecrets(
  sources: ReadonlyMap<string, SecretSource>,
  stored: Pick<StoredSecrets, "ready" | "find"> | null = null,
): PluginSecrets {
  const files = new Map<string, { readonly value: string } | { readonly error: string }>();

  function fileOf(name: string): string | null {
    const source = sources.get(name);
    return source !== undefined && "file" in source ? source.file : null;
  }

  function findOne(name: string): { value: string } | { error: string } {
    const source = sources.get(name);
    if (source === undefined) return stored?.find(name) ?? { error: missing(name) };
    if ("value" in source) return source;
    return files.get(name) ?? { error: `The secret ${name} has not been read yet.` };
  }

  function missing(name: string): string {
    const byApi = stored === null ? "" : `set it with PUT /v1/secrets/${name}, or `;
    return `The secret ${name} is missing: ${byApi}set ${secretVariable(name)}, or set ${secretFileVariable(name)} to the path of a file that contains it.`;
  }

  return {
    filesOf: (names) => names.flatMap((name) => fileOf(name) ?? []),
    async load(names) {
      await stored?.ready();
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
    if (content.length > MAX_SECRET_BYTES) {
      return {
        error: `${where} the file has ${content.length} bytes, and the limit is ${MAX_SECRET_BYTES}.`,
      };
    }
    const value = content.toString("utf8").replace(/\r?\n$/, "");
    return value === "" ? { error: `${where} the file is empty.` } : { value };
  } catch (error) {
    return { error: `${where} ${(error as NodeJS.ErrnoException).code ?? String(error)}.` };
  }
}
