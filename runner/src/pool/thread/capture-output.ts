/** `console.*` and the standard streams of this thread become lines of the step that writes. */
import { StringDecoder } from "node:string_decoder";
import { format } from "node:util";
import type { LogLevel } from "../../ports/plugin-pool.ts";
import { loggingStep } from "./current-step.ts";

const CONSOLE_LEVELS = {
  debug: "debug",
  log: "info",
  info: "info",
  warn: "warn",
  error: "error",
  trace: "debug",
} as const satisfies Partial<Record<keyof Console, LogLevel>>;

/** The function returned logs what was written since the last line's end: the step is over. */
export function captureOutput(): () => void {
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    Object.assign(console, {
      [method]: (...values: unknown[]) => loggingStep()?.outbox.log(level, format(...values)),
    });
  }
  const endLines = [captureStream(process.stdout, "info"), captureStream(process.stderr, "error")];
  // Node prints warnings past process.stderr, straight to the daemon's own.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    loggingStep()?.outbox.log("warn", `${warning.name}: ${warning.message}`);
  });
  return () => {
    for (const endLine of endLines) endLine();
  };
}

function captureStream(stream: NodeJS.WriteStream, level: LogLevel): () => void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const write = (
    chunk: string | Uint8Array,
    encodingOrDone?: BufferEncoding | (() => void),
    done?: () => void,
  ): boolean => {
    const text =
      typeof chunk === "string"
        ? chunk
        : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) loggingStep()?.outbox.log(level, line);
    const callback = typeof encodingOrDone === "function" ? encodingOrDone : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  Object.assign(stream, { write });
  return () => {
    if (rest !== "") loggingStep()?.outbox.log(level, rest);
    rest = "";
  };
}
