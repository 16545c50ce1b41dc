/**
 * Records what a daemon writes to its database, and when it has the disk keep it: with Debian's `strace`,
 * which attaches to the running process.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly data: Buffer }
  | { readonly kind: "truncate"; readonly size: number }
  | { readonly kind: "sync" };

/** A call that changes a file, or that has the disk keep what changed before. `at`: its beginning, of a sync its end, in ms since 1970. */
export type Write = { readonly at: number; readonly file: string } & Change;

export interface WriteTrace {
  /** Detaches, and returns the calls in their order. */
  stop(): Promise<readonly Write[]>;
}

const CALLS = "pwrite64,pwritev,pwritev2,write,fdatasync,fsync,ftruncate,fallocate,sync_file_range";
/** Longer than what SQLite writes with one call. */
const MAX_BYTES = 4 * 1024 * 1024;
/** One file for each thread, so that no call is split in two lines; times, durations, and paths. */
const OPTIONS = ["-ff", "-ttt", "-T", "-y", "-xx", "-s", String(MAX_BYTES), "-e", "signal=none"];

/** Whether this machine has `strace`, and lets it attach to another process, as not every system does. */
export async function canTrace(): Promise<boolean> {
  const other = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  try {
    const { tracer, exited } = await attach(other.pid!, ["-o", "/dev/null"]);
    tracer.kill("SIGINT");
    await exited;
    return true;
  } catch {
    return false;
  } finally {
    other.kill("SIGKILL");
  }
}

interface Tracer {
  readonly tracer: ChildProcess;
  readonly exited: Promise<unknown>;
}

/** Resolves when `strace` is attached. Rejects with what it says if it cannot be started, or cannot attach. */
async function attach(pid: number, options: readonly string[]): Promise<Tracer> {
  const tracer = spawn("strace", [...options, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(tracer, "exit");
  const isAttached = Promise.withResolvers<void>();
  let said = "";
  tracer.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes(" attached")) isAttached.resolve();
  });
  exited.then(
    () => isAttached.reject(new Error(`strace did not attach: ${said}`)),
    (error: unknown) => isAttached.reject(error as Error),
  );
  await isAttached.promise;
  return { tracer, exited };
}

/** Records the calls of the process and of all its threads on the files of a folder. */
export async function traceWrites(pid: number, folder: string, into: string): Promise<WriteTrace> {
  const output = join(into, "calls");
  const { tracer, exited } = await attach(pid, [...OPTIONS, "-e", `trace=${CALLS}`, "-o", output]);
  return {
    async stop() {
      tracer.kill("SIGINT");
      await exited;
      const files = (await readdir(into)).filter((name) => name.startsWith("calls."));
      const calls = await Promise.all(files.map((name) => readCalls(join(into, name), folder)));
      return calls.flat().toSorted((a, b) => a.at - b.at);
    },
  };
}

async function readCalls(path: string, folder: string): Promise<Write[]> {
  const calls: Write[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    // The process can be left in the middle of its last call.
    const [, seconds, call = "", hex, rest = "", result, took] =
      /^(\d+\.\d+) (\w+)\(\d+<([^>]*)>(.*)\) += (-?\d+).* <(\d+\.\d+)>$/.exec(line) ?? [];
    if (hex === undefined || Number(result) < 0) continue;
    const file = toBytes(hex).toString();
    if (!file.startsWith(`${folder}/`)) continue;
    const change = parseCall(call, rest, line);
    // Before its end, a sync may have kept nothing.
    const endsAfter = change.kind === "sync" ? Number(took) : 0;
    calls.push({ at: (Number(seconds) + endsAfter) * 1000, file: basename(file), ...change });
  }
  return calls;
}

function parseCall(call: string, rest: string, line: string): Change {
  if (call === "fdatasync" || call === "fsync") return { kind: "sync" };
  const [, size] = /^, (\d+)$/.exec(rest) ?? [];
  if (call === "ftruncate" && size !== undefined) {
    return { kind: "truncate", size: Number(size) };
  }
  const [, text, length, offset] = /^, "((?:\\x[0-9a-f]{2})*)", (\d+), (\d+)$/.exec(rest) ?? [];
  if (call === "pwrite64" && text !== undefined) {
    const data = toBytes(text);
    if (data.length === Number(length)) return { kind: "write", offset: Number(offset), data };
  }
  throw new Error(`The trace has a call that the replay does not know: ${line.slice(0, 300)}`);
}

/** The bytes of a text such as `\x2f\x74`. */
function toBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
