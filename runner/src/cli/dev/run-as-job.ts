import { styleText } from "node:util";
import type { Job } from "../../http/contract/job.ts";
import type { LogLine } from "../../http/contract/logs.ts";
import { indent } from "./pretty-log.ts";

const WAIT_S = 60;

/** Where the daemon is, and how to be let in. */
export interface DaemonAddress {
  readonly url: string;
  readonly token: string;
}

interface LogView {
  readonly items: readonly LogLine[];
}

interface Refusal {
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** Runs one plugin as a job, waits for it, and returns what an author wants to see of it. */
export async function runAsJob(
  daemon: DaemonAddress,
  { plugin, input }: { plugin: string; input: unknown },
): Promise<string> {
  const response = await send(daemon, "/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json", prefer: `wait=${WAIT_S}` },
    body: JSON.stringify({ plugins: [plugin], input, name: `dev ${plugin}` }),
  });
  if (!response.ok) return refused(plugin, (await response.json()) as Refusal);
  const job = (await response.json()) as Job;
  const logs = await send(daemon, `/v1/jobs/${job.jobId}/logs`);
  const { items } = (await logs.json()) as LogView;
  return [title(plugin, job), ...items.map(logLine), indent(outcome(job))].join("\n");
}

function send(
  { url, token }: DaemonAddress,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(`${url}${path}`, { ...init, headers });
}

function refused(plugin: string, { detail, errors = [] }: Refusal): string {
  const issues = errors.map(({ path, message }) => indent(`${path}: ${message}`));
  return [`${styleText("red", "refused")} ${plugin} ${detail}`, ...issues].join("\n");
}

function title(plugin: string, { status, steps, url }: Job): string {
  const color = status === "completed" ? "green" : status === "failed" ? "red" : "yellow";
  const metrics = Object.entries(steps[0]?.metrics ?? {}).map(
    ([name, value]) => `${name}=${value}`,
  );
  return `${styleText(color, status)} ${plugin} ${styleText("gray", [...metrics, url].join(" "))}`;
}

function logLine({ level, message, data }: LogLine): string {
  const shown = data === null ? "" : ` ${JSON.stringify(data)}`;
  return indent(`${level} ${message}${styleText("gray", shown)}`);
}

function outcome({ status, error, errorCode, output }: Job): string {
  if (status === "completed") return JSON.stringify(output, null, 2);
  if (status === "failed") return `${errorCode}: ${error}`;
  return `It has not ended after ${WAIT_S} s.`;
}
