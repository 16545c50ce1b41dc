import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** The package's executable. */
export const BINARY = fileURLToPath(new URL("../../bin/playground-runner.mjs", import.meta.url));

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the executable until it exits, with only `env` and PATH as its environment. */
export async function runCli(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; stdin?: string; uid?: number } = {},
): Promise<CliRun> {
  const child = spawn(process.execPath, [BINARY, ...args], {
    cwd: options.cwd,
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    env: { PATH: process.env["PATH"], ...options.env },
    // A run that does not end is killed: its `code` is then null.
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  child.stdin.end(options.stdin ?? "");
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [code, stdout, stderr] = await Promise.all([
    exited,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}
