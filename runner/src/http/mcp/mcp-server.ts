/** The Model Context Protocol, by its own library, which is loaded with the first request. */
import type { McpHttpHandler, Server } from "@modelcontextprotocol/server";
import type { FastifyReply } from "fastify";
import { VERSION } from "../../version.ts";
import { JOB_TOOLS } from "./job-tools.ts";
import { toolPlugins, toTool } from "./plugin-tools.ts";
import { callTool, type ToolDeps } from "./tool-calls.ts";

const INSTRUCTIONS =
  "Each tool runs as a job that goes on even if this call ends. A tool that takes long returns a jobId in place of its output: call wait_job with it.";

export interface McpRequest {
  readonly body: unknown;
  /** The plugins that the client gets as tools; null for all. */
  readonly only: readonly string[] | null;
  /** How long a call waits for its job to end. */
  readonly waitMs: number;
  readonly reply: FastifyReply;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
}

export interface McpServer {
  handle(request: McpRequest): Promise<Response>;
  close(): Promise<void>;
}

export function createMcpServer(deps: ToolDeps): McpServer {
  const requests = new WeakMap<Request, McpRequest>();
  let loading: Promise<McpHttpHandler> | null = null;
  let loaded: McpHttpHandler | null = null;

  async function load(): Promise<McpHttpHandler> {
    const { createMcpHandler, Server: ServerOfOne } = await import("@modelcontextprotocol/server");
    loaded = createMcpHandler(
      ({ requestInfo }) => {
        const request = requestInfo && requests.get(requestInfo);
        if (request === undefined) throw new Error("The request of a call is not known.");
        const server = new ServerOfOne(
          { name: "playground", title: "Playground", version: VERSION },
          { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
        );
        addTools(server, request, deps);
        return server;
      },
      // A subscription is a stream without an end, and clients list the tools before they use them.
      { maxSubscriptions: 0 },
    );
    return loaded;
  }

  return {
    async handle(request) {
      loading ??= load();
      const handler = await loading;
      const { headers } = request.reply.request;
      // The body is parsed already. Only these headers have a meaning for the protocol.
      const sent = new Request("http://daemon.invalid/mcp", {
        method: "POST",
        headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
          typeof value === "string" && /^(?:accept|content-type|mcp-.*)$/.test(name)
            ? [[name, value]]
            : [],
        ),
        signal: request.signal,
      });
      requests.set(sent, request);
      return handler.fetch(sent, { parsedBody: request.body });
    },
    close: async () => loaded?.close(),
  };
}

function addTools(server: Server, { only, waitMs, reply }: McpRequest, deps: ToolDeps): void {
  server.setRequestHandler("tools/list", () => ({
    tools: [...toolPlugins(deps.catalog, only).map(toTool), ...JOB_TOOLS],
  }));
  server.setRequestHandler("tools/call", ({ params }, context) => {
    const { name, arguments: given = {}, _meta: meta } = params;
    const idempotencyKey = meta?.["playground/idempotencyKey"];
    return callTool({ name, given, idempotencyKey, only, waitMs, reply, context }, deps);
  });
}
