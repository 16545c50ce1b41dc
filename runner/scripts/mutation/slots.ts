/** Slots: processes that run tests, each in a sandbox of its own. A slot that hangs is ended and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Request, Response } from "./messages.ts";

const ENTRY = fileURLToPath(new URL("slot.ts", import.meta.url));

export interface Slot {
  path: string;
  /** The response, or null if there was none in time. */
  run(request: Request, limitMs: number): Promise<Response | null>;
  end(): void;
}

export function createSlot(path: string, probes: number): Slot {
  let child: ChildProcess | null = null;

  async function start(): Promise<ChildProcess> {
    const started = spawn(process.execPath, [ENTRY], {
      cwd: path,
      // A group of its own, so that ending it ends the tests' processes too.
      detached: true,
      stdio: ["ignore", "ignore", process.env["MUTATION_DEBUG"] ? "inherit" : "ignore", "ipc"],
      env: { ...process.env, MUTATION_PROBES: String(probes) },
    });
    await once(started, "message");
    return started;
  }

  function end(): void {
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
    child = null;
  }

  return {
    path,
    async run(request, limitMs) {
      const running = (child ??= await start());
      const before = request.writes.map(({ path: at }) => [at, readFileSync(at, "utf8")] as const);
      const told = Promise.withResolvers<Response | null>();
      const timer = setTimeout(() => told.resolve(null), limitMs);
      const onMessage = (response: Response): void => told.resolve(response);
      const onExit = (): void => told.resolve(null);
      running.once("message", onMessage).once("exit", onExit);
      running.send(request);
      const response = await told.promise;
      clearTimeout(timer);
      running.off("message", onMessage).off("exit", onExit);
      if (response === null) {
        end();
        for (const [at, text] of before) writeFileSync(at, text);
      }
      return response;
    },
    end,
  };
}
