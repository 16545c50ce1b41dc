/**
 * The executor's process. It either runs steps in threads, or reads plugin files for the catalog and
 * ends. Its main thread runs no plugin code.
 */
import { flushCompileCache } from "node:module";
import { endFirstWithoutMemory } from "./end-first.ts";
import type { FromExecutor, ScanRequest, ToExecutor } from "./messages.ts";
import { createOutbox } from "./outbox.ts";
import type { Steps } from "./run-steps.ts";

if (process.send === undefined)
  throw new Error("executor/entry runs as a child of the daemon only");

endFirstWithoutMemory();

// Only the daemon decides when plugins end: systemd and a terminal send these to every process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("disconnect", () => {
  // The daemon has ended. Ends what plugins have started too, and does not wait for native work.
  if (process.platform !== "win32") process.kill(-process.pid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
});

const post = createOutbox<FromExecutor>((messages) => {
  process.send?.(messages, () => undefined);
});

let steps: Promise<Steps> | null = null;

async function open({ settings }: ToExecutor & { kind: "open" }): Promise<Steps> {
  const { openSteps } = await import("./run-steps.ts");
  const opened = openSteps(settings, post);
  post({ kind: "ready" });
  setImmediate(flushCompileCache);
  return opened;
}

async function scan({ files, env }: ScanRequest): Promise<void> {
  const { scanInThreads } = await import("../pool/catalog/scan-in-threads.ts");
  await scanInThreads(files, { env, onAnswer: (answer) => post({ kind: "scanned", answer }) });
  end();
}

/** Ends the process after the messages that are still waiting have been sent. */
function end(): void {
  setImmediate(() => process.send?.([], () => process.exit()));
}

async function handle(message: ToExecutor): Promise<void> {
  if (message.kind === "scan") return scan(message.request);
  if (message.kind === "open") steps = open(message);
  const opened = await steps;
  opened?.handle(message);
  if (message.kind === "close") {
    await opened?.close();
    end();
  }
}

process.on("message", (messages: readonly ToExecutor[]) => {
  for (const message of messages) void handle(message);
});
