/**
 * Starts an executor: a process of its own that imports and runs plugins. It is the leader of its
 * own process group, so that Ctrl+C in a terminal reaches only the daemon, and so that the processes
 * that plugins have started end with it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { executorFlags, withoutMemoryFlags } from "./memory-flags.ts";
import type { FromExecutor, ToExecutor } from "./messages.ts";
import { createOutbox } from "./outbox.ts";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = fileURLToPath(new URL(`./entry.${extension}`, import.meta.url));
const HAS_GROUPS = process.platform !== "win32";

export interface ExecutorProcess {
  readonly pid: number | undefined;
  readonly send: (message: ToExecutor) => void;
  /** Ends the process and every process in its group immediately. */
  readonly kill: () => void;
  /** Resolves with how the process ended, when all its messages have been handled. */
  readonly ended: Promise<string>;
}

export function spawnExecutor(options: {
  /** The environment of the process. It must not contain a secret of the daemon. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onMessage: (message: FromExecutor) => void;
  /** Receives what the process and its native code print, such as V8's last words. Default: dropped. */
  readonly onOutput?: (text: string) => void;
}): ExecutorProcess {
  let child: ChildProcess;
  try {
    child = forkEntry(options.env, options.onOutput === undefined ? "ignore" : "pipe");
  } catch (error) {
    // Node emits some errors of the system, such as EAGAIN, and throws others, such as ENOMEM.
    return neverStarted((error as Error).message);
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => options.onOutput?.(text.trimEnd()));
    // The end of the process reports what went wrong.
    stream?.on("error", () => undefined);
  }
  const post = createOutbox<ToExecutor>((messages) => {
    // Without a callback, a message to a process that has just ended would throw.
    if (child.connected) child.send(messages, () => undefined);
  });
  child.on("message", (messages: readonly FromExecutor[]) => {
    for (const message of messages) options.onMessage(message);
  });

  function killGroup(): void {
    if (child.pid === undefined) return;
    try {
      process.kill(HAS_GROUPS ? -child.pid : child.pid, "SIGKILL");
    } catch {
      // No process of the group is left.
    }
  }

  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const { promise: disconnected, resolve: onDisconnect } = Promise.withResolvers<void>();
  child.once("disconnect", () => {
    onDisconnect();
    // A process whose channel was closed, for example by a plugin, could never report a result.
    killGroup();
  });
  child.once("exit", (code, signal) => {
    // What plugins had started would go on without anybody who ends it.
    if (HAS_GROUPS) killGroup();
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    // The last messages can be read after the exit.
    void disconnected.then(() => resolve(how));
  });
  child.on("error", (error) => {
    if (child.pid === undefined) resolve(error.message);
  });
  return { pid: child.pid, send: post, kill: killGroup, ended };
}

function forkEntry(env: Parameters<typeof spawnExecutor>[0]["env"], output: "ignore" | "pipe") {
  return fork(ENTRY, [], {
    // Measured with texts of 1 MB: a fifth of the CPU that JSON takes, and half with small messages.
    serialization: "advanced",
    detached: HAS_GROUPS,
    env: withoutMemoryFlags(env),
    execArgv: executorFlags(process.execArgv),
    // Inherited streams would become blocking for the daemon too, which must not wait for the reader of its log.
    stdio: ["ignore", output, output, "ipc"],
  });
}

function neverStarted(how: string): ExecutorProcess {
  const nothing = (): void => undefined;
  return { pid: undefined, send: nothing, kill: nothing, ended: Promise.resolve(how) };
}
