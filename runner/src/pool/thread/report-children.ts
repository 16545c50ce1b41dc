/**
 * Reports every process that this thread starts, so that it can be ended with the thread. Node
 * leaves it running. `execFileSync` and similar calls block the thread until their process ends.
 */
import { ChildProcess } from "node:child_process";
import type { ThreadMessage } from "../messages.ts";

interface Spawning {
  spawn: (this: ChildProcess, ...args: unknown[]) => unknown;
}

export function reportChildren(send: (message: ThreadMessage) => void): void {
  // Not part of the types: every function of child_process that does not block calls it.
  const prototype = ChildProcess.prototype as unknown as Spawning;
  const { spawn } = prototype;
  prototype.spawn = function (...args) {
    const result = spawn.apply(this, args);
    const { pid } = this;
    if (pid !== undefined) {
      send({ kind: "child", pid, hasEnded: false });
      this.once("exit", () => send({ kind: "child", pid, hasEnded: true }));
    }
    return result;
  };
}
