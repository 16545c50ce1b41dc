/** Turns writes to `console.*` and the standard streams of this thread into log lines of the step. */
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

/** Returns a function that logs an unfinished last line, for the end of a step. */
export function captureOutput(): () => void {
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    Object.assign(console, {
      [method]: (...values: unknown[]) => loggingStep()?.buffer.log(level, format(...values)),
    });
  }
  const endLines = [captureStream(process.stdout, "info"), captureStream(process.stderr, "error")];
  // Node writes warnings directly to the daemon's stderr, not through process.stderr.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    loggingStep()?.buffer.log("warn", `${warning.name}: ${warning.message}`);
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
    for (const line of lines) loggingStep()?.buffer.log(level, line);
    const callback = typeof encodingOrDone === "function" ? encodingOrDone : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  Object.assign(stream, { write });
  return () => {
    if (rest !== "") loggingStep()?.buffer.log(level, rest);
    rest = "";
  };
}
