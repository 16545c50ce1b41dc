import { readFile, stat } from "node:fs/promises";

/**
 * Returns the parsed content of a file, and reads the file again after a change. An unchanged file
 * gives the same object. A file that cannot be read counts as empty.
 */
export function createParsedFile<Content>(
  path: string,
  parse: (text: string) => Content,
): () => Promise<Content> {
  const empty = parse("");
  let stamp = "";
  let content = empty;
  let reading: Promise<Content> | null = null;

  async function read(): Promise<Content> {
    try {
      const { mtimeNs, ino, size } = await stat(path, { bigint: true });
      const seen = `${mtimeNs} ${ino} ${size}`;
      if (seen !== stamp) {
        content = parse(await readFile(path, "utf8"));
        stamp = seen;
      }
    } catch {
      content = empty;
      stamp = "";
    } finally {
      reading = null;
    }
    return content;
  }

  return () => (reading ??= read());
}
