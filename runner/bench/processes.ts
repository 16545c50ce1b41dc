import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { LoadCommand, LoadReport } from "./load-process.ts";
import type { ReceiverCommand, ReceiverReport } from "./receiver-process.ts";

function start(file: string): ChildProcess {
  return fork(new URL(file, import.meta.url), { serialization: "advanced" });
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    const [message] = (await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code]) => {
        throw new Error(`The process ended with ${String(code)}`);
      }),
    ])) as [T];
    return message;
  } finally {
    // The one that lost the race takes its listeners away.
    heard.abort();
  }
}

export interface ReceiverProcess {
  readonly url: string;
  /** Counts from zero; resolves at the instant when `count` requests have arrived. */
  expect(count: number): Promise<number>;
  /** When each job's `started` event arrived. */
  arrivals(jobIds: readonly string[]): Promise<readonly (number | null)[]>;
  close(): void;
}

export async function startReceiver(): Promise<ReceiverProcess> {
  const child = start("receiver-process.ts");
  const tell = (command: ReceiverCommand): void => void child.send(command);
  const listening = await nextMessage<ReceiverReport>(child);
  if (listening.type !== "listening") throw new Error("The receiver does not listen");
  return {
    url: listening.url,
    async expect(count) {
      tell({ type: "expect", count });
      const report = await nextMessage<ReceiverReport>(child);
      return report.type === "reached" ? report.at : Number.NaN;
    },
    async arrivals(jobIds) {
      tell({ type: "arrivals", jobIds });
      const report = await nextMessage<ReceiverReport>(child);
      return report.type === "arrivals" ? report.startedAt : [];
    },
    close: () => child.disconnect(),
  };
}

export async function runLoad(command: LoadCommand): Promise<LoadReport> {
  const child = start("load-process.ts");
  try {
    child.send(command);
    return await nextMessage<LoadReport>(child);
  } finally {
    child.disconnect();
  }
}
