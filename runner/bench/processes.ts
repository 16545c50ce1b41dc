import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { AttackCommand, AttackReport } from "./attack-process.ts";
import type { BareSenderCommand, BareSenderReport } from "./bare-sender-process.ts";
import type { LoadCommand, LoadReport } from "./load-process.ts";
import type { PacedLoadCommand, PacedLoadReport } from "./paced-load-process.ts";
import type { ReceiverCommand, ReceiverReport } from "./receiver-process.ts";
import type { SteadyCommand, SteadyReport } from "./steady-client-process.ts";

function start(file: string, args: readonly string[] = []): ChildProcess {
  return fork(new URL(file, import.meta.url), args, { serialization: "advanced" });
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const [message] = (await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code]) => {
        throw new Error(`The process exited with code ${String(code)}`);
      }),
    ])) as [T];
    return message;
  } finally {
    // Removes the listeners of both promises.
    settled.abort();
  }
}

export interface ReceiverProcess {
  readonly url: string;
  /** The URL of each endpoint. The first one is `url`. */
  readonly urls: readonly string[];
  /** Counts from zero. Resolves with the instant when the request number `count` arrives. */
  expect(count: number): Promise<number>;
  /** Like `expect`, and also returns the instant of the first request. */
  expectTimed(count: number): Promise<{ firstAt: number; lastAt: number }>;
  /**
   * The times from event to arrival in ms since the last `expect`. Empty without the option `lags`.
   */
  lags(): Promise<readonly number[]>;
  close(): void;
}

export async function startReceiver({
  endpoints = 1,
  lags = false,
} = {}): Promise<ReceiverProcess> {
  const child = start("receiver-process.ts", [String(endpoints), lags ? "lags" : "counts"]);
  const send = (command: ReceiverCommand): void => void child.send(command);
  const listening = await nextMessage<ReceiverReport>(child);
  if (listening.type !== "listening") throw new Error("The receiver is not listening");

  async function expectTimed(count: number): Promise<{ firstAt: number; lastAt: number }> {
    send({ type: "expect", count });
    const report = await nextMessage<ReceiverReport>(child);
    if (report.type !== "reached")
      throw new Error(`The receiver reported ${report.type} instead of reached`);
    return { firstAt: report.firstAt, lastAt: report.at };
  }

  const { urls } = listening;
  return {
    url: urls[0] ?? "",
    urls,
    expectTimed,
    expect: async (count) => (await expectTimed(count)).lastAt,
    async lags() {
      send({ type: "lags" });
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

export function runBareSender(command: BareSenderCommand): Promise<BareSenderReport> {
  return run("bare-sender-process.ts", command);
}

export function runAttacks(command: AttackCommand): Promise<AttackReport> {
  return run("attack-process.ts", command);
}

export function runSteadyClient(command: SteadyCommand): Promise<SteadyReport> {
  return run("steady-client-process.ts", command);
}

type Command = AttackCommand | LoadCommand | PacedLoadCommand | BareSenderCommand | SteadyCommand;

/** Starts a process, sends it one command and resolves with its report. */
async function run<T>(file: string, command: Command): Promise<T> {
  const child = start(file);
  try {
    child.send(command);
    return await nextMessage<T>(child);
  } finally {
    child.disconnect();
  }
}
