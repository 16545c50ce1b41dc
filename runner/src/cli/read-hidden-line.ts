import { once } from "node:events";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Reads a line from the terminal, which does not show it. Null if Ctrl+C or Ctrl+D ended it. */
export async function readHiddenLine(question: string): Promise<string | null> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  process.stderr.write(question);
  const ending = new AbortController();
  lines.once("close", () => ending.abort());
  try {
    const [line] = (await once(lines, "line", { signal: ending.signal })) as [string];
    return line;
  } catch (error) {
    if (ending.signal.aborted) return null;
    throw error;
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
