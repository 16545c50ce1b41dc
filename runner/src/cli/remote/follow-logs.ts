import { listLogs, LogLine } from "../../http/contract/logs.ts";
import { streamLogs } from "../../http/contract/live.ts";
import type { Answer, Client } from "./client.ts";
import { followStream } from "./follow-stream.ts";

const PAGE_SIZE = 500;

interface Page {
  readonly items: readonly LogLine[];
  readonly nextCursor: string | null;
}

/** Reads the log lines that are stored, in order. */
export async function readLogs(
  client: Client,
  { jobId, onLine }: { readonly jobId: string; readonly onLine: (line: LogLine) => void },
): Promise<void> {
  let cursor: string | null = "0";
  while (cursor !== null) {
    const answer: Answer<Page> = await client.call(listLogs, {
      params: { id: jobId },
      query: { limit: PAGE_SIZE, cursor },
    });
    const { items, nextCursor } = answer.body();
    for (const line of items) onLine(line);
    cursor = nextCursor;
  }
}

/** The same, and then the lines that are written until the job has ended. */
export function followLogs(
  client: Client,
  {
    jobId,
    onLine,
    signal,
  }: {
    readonly jobId: string;
    readonly onLine: (line: LogLine) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  return followStream(client, {
    route: streamLogs,
    id: jobId,
    signal,
    onFrame({ event, data }) {
      if (event === "log") onLine(LogLine.parse(JSON.parse(data)));
    },
  });
}
