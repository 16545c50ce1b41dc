import { afterEach, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { SCOPE_NAMES } from "../domain/scope.ts";

const VALUE = "sk-0123456789-abcdef";
let api: Api;
afterEach(() => api.close());

test("a secret is set, changed, listed and removed, and no answer has its value", async () => {
  api = await createApi({ listed: ["first"], declared: { first: ["API_KEY"] } });
  const answers = [await api.call("PUT", "/v1/secrets/API_KEY", { value: VALUE })];
  expect(answers[0]).toMatchObject({
    status: 201,
    body: { name: "API_KEY", source: "stored", variable: null, plugins: ["first"] },
  });
  answers.push(await api.call("PUT", "/v1/secrets/API_KEY", { value: `${VALUE}-2` }));
  expect(answers[1]?.status).toBe(200);
  answers.push(await api.call("GET", "/v1/secrets"));
  expect(answers[2]).toMatchObject({ status: 200, body: { secrets: [answers[1]?.body] } });
  expect(answers.map(({ text }) => text).join()).not.toContain(VALUE);
  expect((await api.call("DELETE", "/v1/secrets/API_KEY")).status).toBe(204);
  expect((await api.call("GET", "/v1/secrets")).body.secrets).toMatchObject([
    { source: "missing", createdAt: null, updatedAt: null },
  ]);
  const gone = problemOf(await api.call("DELETE", "/v1/secrets/API_KEY"));
  expect(gone).toMatchObject({ status: 404, code: "SECRET_NOT_FOUND" });
});

test.each([
  [{}, "/value", /is missing: it must be a string/],
  [{ value: "" }, "/value", /^must /],
  [{ value: 7 }, "/value", /^must be a string$/],
  [{ value: "é".repeat(32_769) }, "/value", /^must be at most 65536 bytes in UTF-8$/],
])("a value that is wrong is refused with what is right", async (body, path, message) => {
  api = await createApi();
  const problem = problemOf(await api.call("PUT", "/v1/secrets/API_KEY", body));
  expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
  expect(problem.issues).toEqual([{ path, message: expect.stringMatching(message) }]);
  expect(await api.world.store.secrets()).toEqual([]);
});

test("a value of the largest size is stored, and a name that is wrong is refused", async () => {
  api = await createApi();
  const value = "é".repeat(32_768);
  expect((await api.call("PUT", "/v1/secrets/API_KEY", { value })).status).toBe(201);
  const problem = problemOf(await api.call("PUT", "/v1/secrets/api%20key", { value }));
  expect(problem).toMatchObject({ status: 400, code: "SECRET_NAME_INVALID" });
  expect(problem.detail).toContain('"api key": it must be capital letters');
});

test.each(SCOPE_NAMES.filter((scope) => scope !== "admin"))(
  "a token with the scope %s neither sees nor changes secrets",
  async (scope) => {
    api = await createApi({}, { name: "limited", scope });
    for (const [method, path] of [
      ["GET", "/v1/secrets"],
      ["PUT", "/v1/secrets/API_KEY"],
      ["DELETE", "/v1/secrets/API_KEY"],
    ] as const) {
      const body = method === "PUT" ? { value: VALUE } : undefined;
      const problem = problemOf(await api.call(method, path, body));
      expect(problem).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
    }
    expect(await api.world.store.secrets()).toEqual([]);
  },
);
