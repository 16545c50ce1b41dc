/** The HTTP API on the real engine and the real store. The test controls plugins, endpoints and time. */
import { pino } from "pino";
import { expect } from "vitest";
import { Problem } from "../../src/http/contract/problem.ts";
import type { Caller } from "../../src/ports/known-tokens.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createMetrics } from "../../src/system/metrics.ts";
import { NO_ACCESS } from "./scripted-backend.ts";
import { createWorld, type EngineInTest, type EngineScript, type World } from "./engine.ts";

const TOKEN = "api-token-0123456789";

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  readonly body: any;
}

export interface Api extends EngineInTest {
  readonly world: World;
  call(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    url: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  close(): Promise<void>;
}

export async function createApi(
  script: EngineScript = {},
  caller: Caller = { name: null, scope: "admin" },
): Promise<Api> {
  const world = await createWorld();
  const started = await world.startEngine(script);
  const app = createHttpServer({
    engine: started.engine,
    reads: world.store,
    catalog: {
      list: () => [],
      get: () => null,
      known: () => null,
      readyNames: () => [],
      recheck: async () => {},
      recheckSecrets: async () => {},
      onChange: () => () => {},
      checkInput: () => [],
      checkOptions: () => [],
    },
    metrics: createMetrics(),
    logger: pino({ enabled: false }),
    tokens: { find: (given) => (given === TOKEN ? caller : null) },
    clock: world.clock,
    ...NO_ACCESS,
    settings: {
      requestTimeoutMs: 120_000,
      maxRequests: 100,
      maxWaits: 100,
      maxStreams: 100,
      bodyLimit: 1024 * 1024,
      host: "127.0.0.1",
      publicUrl: undefined,
      allowedHosts: [],
      consoleDir: new URL("file:///nowhere/"),
      given: [],
      sessionMs: 60_000,
      environment: undefined,
      trustedProxies: [],
      jobUrl: (id) => `http://daemon.test/v1/jobs/${id}`,
      batchUrl: (id) => `http://daemon.test/v1/batches/${id}`,
    },
    notReady: () => [],
  });

  return {
    ...started,
    world,
    async call(method, url, body, headers = {}) {
      const answer = await app.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.body,
        body: answer.body === "" ? null : (JSON.parse(answer.body) as unknown),
      };
    },
    async close() {
      await app.close();
      await world.close();
    },
  };
}

/** The response's problem, after a check of its content type and status. */
export function problemOf({ status, headers, body }: Answered): Problem {
  expect(headers["content-type"]).toContain("application/problem+json");
  const problem = Problem.parse(body);
  expect(problem.status).toBe(status);
  return problem;
}
