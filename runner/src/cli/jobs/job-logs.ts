import { followLogs, readLogs } from "../remote/follow-logs.ts";
import type { LogLine } from "../../http/contract/logs.ts";
import type { Given } from "../command-contract.ts";
import type { jobLogs as contract } from "../contract/jobs.ts";
import { openOutput, type Output } from "../output.ts";
import { toPrintableLines } from "../printable.ts";
import { connect } from "../remote/connect.ts";
import type { Color } from "../terminal.ts";

export async function jobLogs(given: Given<typeof contract>): Promise<number> {
  const { follow, json } = given.flags;
  const client = await connect(given);
  const output = openOutput(given.flags);
  const jobId = given.arguments.JOB;
  const onLine = (line: LogLine): void =>
    output.print(json ? JSON.stringify(line) : describeLine(line, output));
  if (follow) {
    // The reader has exited, as in `jobs logs -f | head`.
    const stop = new AbortController();
    process.stdout.once("error", () => stop.abort());
    await followLogs(client, { jobId, onLine, signal: stop.signal });
  } else {
    await readLogs(client, { jobId, onLine });
  }
  return 0;
}

const COLORS: Readonly<Record<string, Color>> = { error: "red", warn: "yellow", debug: "dim" };

function describeLine({ at, level, message, data }: LogLine, output: Output): string {
  const details = data === null ? "" : ` ${JSON.stringify(data)}`;
  const color = COLORS[level];
  const shown = color === undefined ? level.padEnd(5) : output.paint(color, level.padEnd(5));
  const time = output.paint("dim", output.clock(at));
  return `${time} ${shown} ${toPrintableLines(message + details)}`;
}
