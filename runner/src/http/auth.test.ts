import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createBackend, type Backend } from "../../test/support/scripted-backend.ts";
import { includes, SCOPE_NAMES } from "../domain/scope.ts";
import type { RouteContract } from "./contract/route-contract.ts";
import { ROUTES } from "./contract/routes.ts";

let backend: Backend;
beforeEach(() => void (backend = createBackend()));
afterEach(() => backend.app.close());

const GUARDED = ROUTES.filter(({ access }) => access !== "open").map(
  (route) => [`${route.method} ${route.path}`, route] as const,
);

async function call({ method, path }: RouteContract, token: string | null) {
  const url = path.replace(/:\w+/g, "none");
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await backend.app.inject({ method, url, headers });
  const body: unknown = /json/.test(String(answer.headers["content-type"])) ? answer.json() : null;
  return {
    ...answer,
    status: answer.statusCode,
    problem: body as { code?: string; detail?: string },
  };
}

describe.each(GUARDED)("%s", (_, route) => {
  test("answers nothing without a token, and nothing with a wrong one", async () => {
    for (const token of [null, "wrong", "", "read-token2"]) {
      const { status, problem } = await call(route, token);
      expect([status, problem.code]).toEqual([401, "UNAUTHORIZED"]);
      expect(problem.detail).toContain("the file `token` of its data folder");
    }
  });

  test("takes the scopes that it needs or more, and tells the others which", async () => {
    for (const scope of SCOPE_NAMES) {
      const { problem, headers } = await call(route, `${scope}-token`);
      if (route.access === "open" || includes(scope, route.access)) {
        expect(problem?.code).not.toBe("INSUFFICIENT_SCOPE");
        expect(problem?.code).not.toBe("UNAUTHORIZED");
      } else {
        expect(problem.code).toBe("INSUFFICIENT_SCOPE");
        expect(problem.detail).toContain(`scope ${route.access}; the token "of-${scope}"`);
        expect(headers["www-authenticate"]).toContain(`scope="${route.access}"`);
      }
    }
  });
});

test("read is enough to look, run to give work, and all else is the admin's", () => {
  const needs = (scope: string): string[] =>
    ROUTES.filter(({ access }) => access === scope).map(({ operationId }) => operationId);
  expect(needs("open")).toEqual(["getHealth", "getReadiness"]);
  expect(needs("run")).toEqual([
    "submitJob",
    "cancelJob",
    "retryJob",
    "submitBatch",
    "setBatchWebhook",
  ]);
  expect(ROUTES.filter(({ method }) => method === "GET").map(({ access }) => access)).not.toContain(
    "admin",
  );
  for (const { method, operationId } of ROUTES) {
    if (needs("read").includes(operationId)) expect(method).toBe("GET");
  }
});

test("a route that says nothing of itself is the admin's alone", async () => {
  backend.app.get("/unsaid", async () => "said");
  const statuses = [];
  for (const token of ["", ...SCOPE_NAMES.map((scope) => `${scope}-token`)]) {
    const headers = { authorization: `Bearer ${token}` };
    statuses.push((await backend.app.inject({ url: "/unsaid", headers })).statusCode);
  }
  expect(statuses).toEqual([401, 403, 403, 200]);
});

test("the log names the token of a request, and holds none", async () => {
  const headers = { authorization: "Bearer read-token" };
  await backend.app.inject({ url: "/v1/jobs?x=read-token", headers });
  expect(backend.logLines.some((line) => line.includes('"token":"of-read"'))).toBe(true);
  expect(backend.logLines.join("")).not.toContain("read-token");
});
