/** A plugin with a limit, and the file in which its steps say when they ran. */
import { appendFile } from "node:fs/promises";

export const LIMIT_SLOTS = 2;

/** Its lines name the daemon from before a kill, after which the executor has another parent. */
export const LIMITED = {
  limits: `{ concurrency: ${LIMIT_SLOTS}, perKey: { key: "input.key", concurrency: 1 } }`,
  run: `(() => {
    const daemon = process.ppid;
    return async (input) => {
      const note = (what) => appendFileSync(input.log, what + " " + daemon + " " + input.key + "\\n");
      note("begin");
      await sleep(input.ms);
      note("end");
    };
  })()`,
};

/** Call it when the daemon has exited, and before its jobs can run elsewhere. */
export async function noteKill(log: string, pid: number | undefined): Promise<void> {
  await appendFile(log, `killed ${pid}\n`);
}

/** Steps that overlapped although the limit forbids it. What a killed daemon ran counts until the kill. */
export function overlaps(log: string): string[] {
  let running: { daemon: string; key: string }[] = [];
  const killed = new Set<string>();
  const found: string[] = [];
  for (const line of log.trim().split("\n")) {
    const [what, daemon = "", key = ""] = line.split(" ");
    if (what === "killed") {
      killed.add(daemon);
      running = running.filter((step) => step.daemon !== daemon);
    }
    if (killed.has(daemon)) continue;
    if (what === "end") {
      const at = running.findIndex((step) => step.daemon === daemon && step.key === key);
      running.splice(at, 1);
      continue;
    }
    const keys = running.map((step) => step.key);
    if (keys.includes(key) || keys.length === LIMIT_SLOTS)
      found.push(`${line} beside ${keys.join(", ")}`);
    running.push({ daemon, key });
  }
  return found;
}
