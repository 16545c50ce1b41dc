import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BareSenderCommand, BareSenderReport } from "./bare-sender-process.ts";
import type { LoadCommand, LoadReport } from "./load-process.ts";
import type { PacedLoadCommand, PacedLoadReport } from "./paced-load-process.ts";
import type { ReceiverCommand, ReceiverReport } from "./receiver-process.ts";

function start(file: string, args: readonly string[] = []): ChildProcess {
  return fork(new URL(file, import.meta.url), args, { serialization: "advanced" });
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
  /** One per endpoint; the first is `url`. */
  readonly urls: readonly string[];
  /** Counts from zero; resolves with the instant at which `count` requests had arrived. */
  expect(count: number): Promise<number>;
  /** The same, with the instant of the first. */
  expectTimed(count: number): Promise<{ firstAt: number; lastAt: number }>;
  /** From each event's instant to its arrival, since the last `expect`, in ms; empty unless asked for. */
  lags(): Promise<readonly number[]>;
  close(): void;
}

export async function startReceiver({
  endpoints = 1,
  lags = false,
} = {}): Promise<ReceiverProcess> {
  const child = start("receiver-process.ts", [String(endpoints), lags ? "lags" : "counts"]);
  const tell = (command: ReceiverCommand): void => void child.send(command);
  const listening = await nextMessage<ReceiverReport>(child);
  if (listening.type !== "listening") throw new Error("The receiver does not listen");

  async function expectTimed(count: number): Promise<{ firstAt: number; lastAt: number }> {
    tell({ type: "expect", count });
    const report = await nextMessage<ReceiverReport>(child);
    if (report.type !== "reached") throw new Error(`The receiver told ${report.type}`);
    return { firstAt: report.firstAt, lastAt: report.at };
  }

  const { urls } = listening;
  return {
    url: urls[0] ?? "",
    urls,
    expectTimed,
    expect: async (count) => (await expectTimed(count)).lastAt,
    async lags() {
      tell({ type: "lags" });
      const report = await nextMessage<ReceiverReport>(child);
      return report.type === "lags" ? report.lags : [];
    },
    close: () => child.disconnect(),
  };
}

export function runLoad(command: LoadCommand): Promise<LoadReport> {
  return run("load-process.ts", command);
}

export function runPacedLoad(command: PacedLoadCommand): Promise<PacedLoadReport> {
  return run("paced-load-process.ts", command);
}

/** Gives a process its one command; resolves with its report. */
export function runBareSender(command: BareSenderCommand): Promise<BareSenderReport> {
  return run("bare-sender-process.ts", command);
}

type Command = LoadCommand | PacedLoadCommand | BareSenderCommand;

async function run<T>(file: string, command: Command): Promise<T> {
  const child = start(file);
  try {
    child.send(command);
    return await nextMessage<T>(child);
  } finally {
    child.disconnect();
  }
}

export interface NaiveProcess {
  readonly url: string;
  close(): void;
}

/** The naive path (`naive-process.ts`) with its database in the folder. */
export async function startNaive(folder: string): Promise<NaiveProcess> {
  const child = start("naive-process.ts", [join(folder, "naive.db")]);
  const { url } = await nextMessage<{ url: string }>(child);
  return { url, close: () => child.disconnect() };
}
