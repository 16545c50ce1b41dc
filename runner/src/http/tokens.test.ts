import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAccess, OWN_TOKEN, type Access } from "../../test/support/access.ts";
import { createBackend, problemOf, type Backend } from "../../test/support/scripted-backend.ts";

let access: Access;
let backend: Backend;
beforeEach(async () => {
  access = await createAccess();
  backend = createBackend({}, access.start());
});
afterEach(async () => {
  await backend.app.close();
  await access.close();
});

interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: object;
  readonly token?: string;
}

function call(path: string, { method = "GET", body, token = OWN_TOKEN }: Call = {}) {
  const headers = { authorization: `Bearer ${token}` };
  return backend.app.inject({ method, url: path, headers, ...(body && { payload: body }) });
}

const add = (body: object) => call("/v1/tokens", { method: "POST", body });

async function names(): Promise<string[]> {
  return (await access.tokenList.list()).map(({ name }) => name);
}

test("a token is shown when it is added, works at once, and is refused as soon as it is removed", async () => {
  const added = await add({ name: "n8n", scope: "run" });
  expect(added.statusCode).toBe(201);
  const { token, ...listed } = added.json<{ token: string }>();
  expect(listed).toMatchObject({ name: "n8n", scope: "run" });
  expect((await call("/v1/jobs", { token })).statusCode).toBe(200);
  const list = await call("/v1/tokens");
  expect(list.json()).toEqual({ tokens: [listed] });
  expect((await call("/v1/tokens/n8n", { method: "DELETE" })).statusCode).toBe(204);
  expect((await call("/v1/jobs", { token })).statusCode).toBe(401);
  expect((await call("/v1/tokens")).json()).toEqual({ tokens: [] });
});

test("the API and the command line see the same tokens", async () => {
  const token = await access.addToken("from-the-command-line", "read");
  expect((await call("/v1/tokens")).json()).toMatchObject({
    tokens: [{ name: "from-the-command-line", scope: "read" }],
  });
  expect((await call("/v1/jobs", { token })).statusCode).toBe(200);
  await add({ name: "from-the-api", scope: "run" });
  expect(await names()).toEqual(["from-the-command-line", "from-the-api"]);
});

test("only a token with the scope admin sees or changes tokens", async () => {
  for (const scope of ["read", "run"] as const) {
    const token = await access.addToken(scope, scope);
    for (const [path, method] of [
      ["/v1/tokens", "GET"],
      ["/v1/tokens", "POST"],
      ["/v1/tokens/run", "DELETE"],
    ] as const) {
      const body = method === "POST" ? { name: "x", scope: "admin" } : undefined;
      const refused = await call(path, { method, token, ...(body && { body }) });
      expect(problemOf(refused)).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
    }
  }
  expect(await names()).toEqual(["read", "run"]);
});

test("a name that exists, and one that does not, are refused with what is right", async () => {
  await add({ name: "twice", scope: "run" });
  const again = problemOf(await add({ name: "twice", scope: "admin" }));
  expect(again).toMatchObject({ status: 409, code: "TOKEN_EXISTS" });
  const gone = problemOf(await call("/v1/tokens/none", { method: "DELETE" }));
  expect(gone).toMatchObject({ status: 404, code: "TOKEN_NOT_FOUND" });
  expect(gone.detail).toBe('No token has the name "none". It must be one of twice.');
});

test.each([
  [{ name: "", scope: "run" }, "/name"],
  [{ name: "../x", scope: "run" }, "/name"],
  [{ name: "..", scope: "run" }, "/name"],
  [{ name: "-x", scope: "run" }, "/name"],
  [{ name: "x".repeat(65), scope: "run" }, "/name"],
  [{ name: "a\nb", scope: "run" }, "/name"],
  [{ name: "x", scope: "root" }, "/scope"],
  [{ name: "x" }, "/scope"],
  [{ name: "x", scope: "run", token: "mine" }, "/token"],
])("%j is refused", async (body, path) => {
  const problem = problemOf(await add(body));
  expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
  expect(problem.issues.map((issue) => issue.path)).toContain(path);
});

test("tokens that are added at the same time are all kept", async () => {
  const given = ["a", "b", "c", "d"];
  const added = await Promise.all(given.map((name) => add({ name, scope: "run" })));
  expect((await names()).toSorted()).toEqual(given);
  expect(added.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201, 201]);
});

test("a change while the command line changes the tokens is refused, and can be sent again", async () => {
  const busy = join(access.dataDir, "tokens.json.new");
  await writeFile(busy, "");
  const refused = await add({ name: "a", scope: "run" });
  expect(problemOf(refused)).toMatchObject({ status: 503, code: "UNAVAILABLE" });
  expect(refused.headers["retry-after"]).toBe("1");
  await rm(busy);
  expect((await add({ name: "a", scope: "run" })).statusCode).toBe(201);
});

test("the log names the token that added and removed one, and contains no token", async () => {
  const admin = await access.addToken("boss", "admin");
  const body = { name: "ci", scope: "run" };
  const added = await call("/v1/tokens", { method: "POST", body, token: admin });
  await call("/v1/tokens/ci", { method: "DELETE" });
  const lines = backend.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toMatchObject([
    { level: 30, method: "POST", route: "/v1/tokens", token: "boss", session: false },
    { level: 30, method: "DELETE", route: "/v1/tokens/:name", token: null, params: { name: "ci" } },
  ]);
  const log = backend.logLines.join("");
  for (const secret of [admin, OWN_TOKEN, added.json<{ token: string }>().token]) {
    expect(log).not.toContain(secret);
  }
});
