import type { FastifyInstance } from "fastify";
import type { Clock } from "../../ports/clock.ts";
import { callMcp } from "../contract/mcp.ts";
import { createLostAnswers } from "../mcp/lost-answers.ts";
import { createMcpServer } from "../mcp/mcp-server.ts";
import type { ToolDeps } from "../mcp/tool-calls.ts";
import { mount } from "../mount.ts";
import { createWaitSignal } from "../wait-signal.ts";

export interface McpDeps extends Omit<ToolDeps, "lostAnswers"> {
  readonly clock: Pick<Clock, "monotonic">;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export function registerMcp(app: FastifyInstance, deps: McpDeps): void {
  const lostAnswers = createLostAnswers(() => deps.clock.monotonic());
  const server = createMcpServer({ ...deps, lostAnswers });
  app.addHook("preClose", () => server.close());

  mount(app, callMcp, async ({ body, query }, reply) => {
    const only = query.tools === undefined ? null : query.tools.split(",");
    const signal = createWaitSignal(reply, deps);
    const waitMs = query.wait * 1000;
    return reply.send(await server.handle({ body, only, waitMs, reply, signal }));
  });
}
