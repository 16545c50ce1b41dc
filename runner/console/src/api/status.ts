/** The daemon's state, for the menu and the overview: loaded whole now and then, and kept up to date by the stream. */
import { effect, signal } from "@preact/signals";
import { listen } from "../live/stream.ts";
import type { Status } from "./schema.ts";
import { call } from "./request.ts";
import { session } from "./session.ts";

const RELOAD_MS = 15_000;

export const status = signal<Status | null>(null);

/** Undefined while the newest request has succeeded. */
export const statusError = signal<Error | undefined>(undefined);

async function load(): Promise<void> {
  try {
    status.value = await call("GET /v1/status");
    statusError.value = undefined;
  } catch (error) {
    if (error instanceof Error) statusError.value = error;
  }
}

/** Starts and stops with the session. */
export function startStatus(): void {
  listen("missed", () => void load());
  listen("status", (changed) => {
    const before = status.peek();
    if (before !== null) {
      const jobs = { ...before.jobs, ...changed.jobs };
      status.value = { ...before, ...changed, jobs };
    }
  });
  effect(() => {
    if (!session.value) return undefined;
    void load();
    const timer = setInterval(() => {
      if (!document.hidden) void load();
    }, RELOAD_MS);
    return () => clearInterval(timer);
  });
}
