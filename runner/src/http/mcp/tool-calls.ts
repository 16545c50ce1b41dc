/** Runs the calls of tools: each plugin is one, and the others are about jobs. */
import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server";
import type { FastifyReply } from "fastify";
import type { Logger } from "pino";
import { Refused, type Issue } from "../../domain/errors.ts";
import { didYouMean } from "../../domain/nearest.ts";
import type { Engine } from "../../engine/engine.ts";
import type { PluginCatalog, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import type { Store } from "../../ports/store/store.ts";
import { requireScope } from "../auth.ts";
import { toRefusal } from "../error-map.ts";
import { parseTrace } from "../parse-trace.ts";
import { parseIdempotencyKey } from "../parse-submit-headers.ts";
import { jobBound, jobNotFound } from "../routes/jobs.ts";
import type { JobUrl } from "../views/job.ts";
import { jobSummaryText } from "../views/job-summary.ts";
import { pageText } from "../views/json-fields.ts";
import type { Waits } from "../waits.ts";
import { CancelJob, GetJob, isJobTool, ListJobs, WaitJob } from "./job-tools.ts";
import { failure, MAX_OUTPUT_BYTES, toResult } from "./job-result.ts";
import type { LostAnswers } from "./lost-answers.ts";
import { sendProgress } from "./progress.ts";
import { toArgumentPath, toJobRequest, toolPlugins } from "./plugin-tools.ts";
import { toIssues } from "../zod-issues.ts";

export interface ToolDeps {
  readonly engine: Pick<
    Engine,
    "submit" | "cancel" | "waitForEnd" | "listen" | "stepProgress" | "explainWait" | "files"
  >;
  readonly reads: Pick<Store, "job" | "jobs">;
  readonly catalog: Pick<PluginCatalog, "list">;
  readonly jobUrl: JobUrl;
  readonly waits: Pick<Waits, "hold">;
  readonly lostAnswers: LostAnswers;
  readonly logger: Pick<Logger, "error">;
}

export interface ToolCall {
  readonly name: string;
  readonly given: Readonly<Record<string, unknown>>;
  /** As the client sent it. */
  readonly idempotencyKey: unknown;
  /** The plugins that the client gets as tools; null for all. */
  readonly only: readonly string[] | null;
  /** How long the call waits for its job to end. */
  readonly waitMs: number;
  readonly reply: FastifyReply;
  readonly context: ServerContext;
}

/** What is wrong becomes a result that the model can read. Never rejects. */
export async function callTool(call: ToolCall, deps: ToolDeps): Promise<CallToolResult> {
  const plugin = toolPlugins(deps.catalog, call.only).find(({ name }) => name === call.name);
  try {
    if (plugin !== undefined) return await callPlugin(plugin, call, deps);
    if (isJobTool(call.name)) return await callJobTool(call, deps);
    throw new Refused("PLUGIN_NOT_FOUND", whyNoTool(call, deps));
  } catch (error) {
    return failure(explain(error, { call, plugin, deps }));
  }
}

function whyNoTool({ name, only }: ToolCall, { catalog }: ToolDeps): string {
  const names = toolPlugins(catalog, only).map((plugin) => plugin.name);
  return `There is no tool "${name}".${didYouMean(name, names)}`;
}

/** Names all that is wrong, so that the model can correct it in one go. */
function explain(
  error: unknown,
  {
    call,
    plugin,
    deps,
  }: { call: ToolCall; plugin: ReadyPlugin | undefined; deps: Pick<ToolDeps, "logger"> },
): string {
  const { problem } = toRefusal(error, { requestId: call.reply.request.id, basePath: "" });
  const { code, detail, issues: found, status } = problem;
  if (status === 500) deps.logger.error({ err: error, tool: call.name }, "mcp.call-failed");
  if (found.length === 0 || plugin === undefined) return `${detail} (${code})`;
  const issues = found.map(
    ({ path, message }) => `- ${toArgumentPath(plugin, path) || "The arguments"} ${message}`,
  );
  return `The arguments do not fit the tool "${plugin.name}" (${code}):\n${issues.join("\n")}`;
}

async function callPlugin(
  plugin: ReadyPlugin,
  call: ToolCall,
  deps: ToolDeps,
): Promise<CallToolResult> {
  const { reply, given } = call;
  requireScope(reply, "run");
  const idempotencyKey = parseIdempotencyKey(call.idempotencyKey);
  const trace = parseTrace(reply.request.headers);
  const lost = { caller: reply.request.caller?.name ?? null, tool: plugin.name, given };
  const jobId =
    deps.lostAnswers.take(lost) ??
    (await deps.engine.submit({ ...toJobRequest(plugin, given), idempotencyKey, trace })).jobId;
  await waitForEnd(jobId, call, deps);
  if (reply.raw.destroyed) deps.lostAnswers.remember(lost, jobId);
  return readResult(jobId, call, deps);
}

async function callJobTool(call: ToolCall, deps: ToolDeps): Promise<CallToolResult> {
  const { given, reply } = call;
  const { engine, reads, jobUrl } = deps;
  switch (call.name) {
    case "get_job":
      return readResult(parse(GetJob, given).jobId, call, deps);
    case "wait_job": {
      const { jobId } = parse(WaitJob, given);
      if ((await reads.job(jobId)) === null) throw jobNotFound(jobId);
      await waitForEnd(jobId, call, deps);
      return readResult(jobId, call, deps);
    }
    case "cancel_job": {
      requireScope(reply, "run");
      const { jobId } = parse(CancelJob, given);
      await engine.cancel(jobId);
      return readResult(jobId, call, deps);
    }
    default: {
      const { limit, status, plugin } = parse(ListJobs, given);
      const filter = { ...(status && { status: [status] }), ...(plugin && { plugin }) };
      const page = await reads.jobs(filter, { limit, cursor: null });
      const list = pageText(page, (job) => jobSummaryText(job, { ...engine, jobUrl }));
      return { content: [{ type: "text", text: list }] };
    }
  }
}

function parse<T>(schema: { safeParse(value: unknown): ParseResult<T> }, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issues: readonly Issue[] = toIssues(parsed.error, given);
  const list = issues.map(({ path, message }) => `${path || "The arguments"} ${message}`);
  throw new Refused("BODY_INVALID", `${list.join("; ")}.`);
}

type ParseResult<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: Parameters<typeof toIssues>[0] };

/** When the daemon has no room for the wait, the job goes on without it. */
async function waitForEnd(jobId: string, call: ToolCall, deps: ToolDeps): Promise<void> {
  const stopProgress = sendProgress(jobId, call.context, deps.engine);
  try {
    await deps.waits.hold(call.reply, call.waitMs, (signal) =>
      deps.engine.waitForEnd(jobId, { signal }),
    );
  } finally {
    stopProgress();
  }
}

async function readResult(jobId: string, call: ToolCall, deps: ToolDeps): Promise<CallToolResult> {
  if (!(call.reply.request.isStillAllowed?.() ?? true)) {
    throw new Refused("UNAUTHORIZED", "The token was removed while the call waited.");
  }
  const job = await deps.reads.job(jobId, jobBound(call.reply, MAX_OUTPUT_BYTES));
  if (job === null) throw jobNotFound(jobId);
  return toResult(await deps.engine.files.linked.job(job), deps);
}
