import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createBackend, type Backend } from "../../test/support/scripted-backend.ts";
import { includes, SCOPE_NAMES } from "../domain/scope.ts";
import type { RouteContract } from "./contract/route-contract.ts";
import { ROUTES } from "./contract/routes.ts";

let backend: Backend;
beforeEach(() => void (backend = createBackend()));
afterEach(() => backend.app.close());

/** A response to HEAD has no body that could be checked. */
const GUARDED = ROUTES.filter(({ access, method }) => access !== "open" && method !== "HEAD").map(
  (route) => [`${route.method} ${route.path}`, route] as const,
);

async function call({ method, path }: RouteContract, token: string | null) {
  const url = path.replace(/:\w+/g, "none");
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await backend.app.inject({ method, url, headers });
  const isJson = /json/.test(String(response.headers["content-type"]));
  const body: unknown = isJson ? response.json() : null;
  return {
    ...response,
    status: response.statusCode,
    problem: body as { code?: string; detail?: string },
  };
}

describe.each(GUARDED)("%s", (_, route) => {
  test("responds 401 without a token and with a wrong one", async () => {
    for (const token of [null, "wrong", "", "read-token2"]) {
      const { status, problem } = await call(route, token);
      expect([status, problem.code]).toEqual([401, "UNAUTHORIZED"]);
      expect(problem.detail).toContain("the file `token` of its data folder");
    }
  });

  test("accepts its scope and higher ones, and names its scope to other tokens", async () => {
    for (const scope of SCOPE_NAMES) {
      const { problem, headers } = await call(route, `${scope}-token`);
      if (route.access === "open" || includes(scope, route.access)) {
        expect(problem?.code).not.toBe("INSUFFICIENT_SCOPE");
        expect(problem?.code).not.toBe("UNAUTHORIZED");
      } else {
        expect(problem.code).toBe("INSUFFICIENT_SCOPE");
        expect(problem.detail).toContain(`scope ${route.access}. The token "of-${scope}"`);
        expect(headers["www-authenticate"]).toContain(`scope="${route.access}"`);
      }
    }
  });
});

test("reading needs the scope read, submitting work needs run, and everything else needs admin", () => {
  const needs = (scope: string): string[] =>
    ROUTES.filter(({ access }) => access === scope).map(({ operationId }) => operationId);
  expect(needs("open")).toEqual(["logIn", "getHealth", "getReadiness"]);
  expect(needs("run")).toEqual([
    "submitJob",
    "cancelJob",
    "retryJob",
    "startBulkAct",
    "abortBulkAct",
    "submitBatch",
    "setBatchWebhook",
    "saveSchedule",
    "updateSchedule",
    "runSchedule",
    "pauseSchedule",
    "resumeSchedule",
    "uploadFile",
  ]);
  const ids = (method: string, scope: string): string[] =>
    needs(scope).filter((id) =>
      ROUTES.some((one) => one.operationId === id && one.method === method),
    );
  expect(ids("GET", "admin")).toEqual(["listSecrets", "listTokens", "getSettings"]);
  expect(needs("read").filter((id) => !ids("GET", "read").includes(id))).toEqual([
    "previewSchedule",
    "headFileContent",
    "callMcp",
    "logOut",
  ]);
});

test("a route without a declared scope needs the scope admin", async () => {
  backend.app.get("/unsaid", async () => "said");
  const statuses = [];
  for (const token of ["", ...SCOPE_NAMES.map((scope) => `${scope}-token`)]) {
    const headers = { authorization: `Bearer ${token}` };
    statuses.push((await backend.app.inject({ url: "/unsaid", headers })).statusCode);
  }
  expect(statuses).toEqual([401, 403, 403, 200]);
});

test("the log contains the name of a request's token, and no token", async () => {
  const headers = { authorization: "Bearer read-token" };
  await backend.app.inject({ url: "/v1/jobs?x=read-token", headers });
  expect(backend.logLines.some((line) => line.includes('"token":"of-read"'))).toBe(true);
  expect(backend.logLines.join("")).not.toContain("read-token");
});
