import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { AUTHORIZED, createBackend, problemOf } from "../../test/support/scripted-backend.ts";
import { ROUTES } from "./contract/routes.ts";
import { renderDocs } from "./docs-page/render.ts";
import { describeErrors } from "./error-map.ts";
import { createOpenApiDocument } from "./openapi.ts";

const document = createOpenApiDocument();
const schemas = Object.entries(document.components.schemas);

/** The zod schemas that have an id and examples. */
function zodSchemas(): [string, z.ZodType, unknown[]][] {
  return Object.keys(document.components.schemas).flatMap((id) => {
    const schema = [...registered()].find((one) => one.meta()?.id === id);
    const examples = schema?.meta()?.["examples"];
    return schema !== undefined && Array.isArray(examples) ? [[id, schema, examples]] : [];
  });
}

function* registered(): Generator<z.ZodType> {
  for (const module of Object.values(contracts)) {
    for (const value of Object.values(module)) if (value instanceof z.ZodType) yield value;
  }
}

const contracts = {
  problem: await import("./contract/problem.ts"),
  job: await import("./contract/job.ts"),
  events: await import("./contract/events.ts"),
  logs: await import("./contract/logs.ts"),
  plugins: await import("./contract/plugins.ts"),
  deliveries: await import("./contract/deliveries.ts"),
  webhook: await import("./contract/webhook.ts"),
  jobWebhook: await import("./contract/job-webhook.ts"),
  status: await import("./contract/status.ts"),
  stats: await import("./contract/stats.ts"),
  batches: await import("./contract/batches.ts"),
};

test("the document contains exactly the routes of the server, except the console", async () => {
  const { app } = createBackend();
  await app.ready();
  const served = ROUTES.filter(({ method, path }) => app.hasRoute({ method, url: path }));
  expect(served).toEqual(ROUTES);
  const printed = app
    .printRoutes({ commonPrefix: false, includeHooks: false })
    .replace('/ (GET, HEAD) {"html":true}', "");
  const methods = [...printed.matchAll(/\(([A-Z, ]+)\)/g)]
    .flatMap(([, list]) => list?.split(", ") ?? [])
    .filter((method) => method !== "HEAD");
  // The console's assets are the other route.
  expect(methods).toHaveLength(ROUTES.filter(({ method }) => method !== "HEAD").length + 1);
  await app.close();
});

test("every reference points to a schema", () => {
  const names = new Set(schemas.map(([name]) => `#/components/schemas/${name}`));
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, to]) => to,
  );
  expect(references.length).toBeGreaterThan(50);
  expect(references.filter((to) => to === undefined || !names.has(to))).toEqual([]);
});

test.each(zodSchemas())("the examples of %s match its schema", (_, schema, examples) => {
  for (const example of examples) expect(schema.safeParse(example).error).toBeUndefined();
});

test("the schemas that people use most have an example", () => {
  const names = zodSchemas().map(([name]) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      "SubmitJob",
      "AcceptedJob",
      "Job",
      "Problem",
      "Delivery",
      "Plugin",
      "SubmitBatch",
      "AcceptedBatch",
      "Batch",
      "BatchCallback",
      "BatchWebhookRequest",
      "RegisterWebhook",
      "UpdateWebhook",
      "Webhook",
      "WebhookWithSecret",
      "WebhookTest",
      "RecoverWebhook",
      "Recovered",
    ]),
  );
});

test("each kind of event and the batch's callback is a webhook with a schema", () => {
  const kinds = ["started", "progress", "completed", "failed", "batch"];
  expect(Object.keys(document.webhooks)).toEqual(kinds);
});

test("every route documents the errors that it can respond with", () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const { responses, security } of Object.values(operations)) {
      expect(Object.keys(responses), path).toEqual(expect.arrayContaining(["400", "default"]));
      if (security.length === 0) continue;
      expect(Object.keys(responses), path).toContain("401");
      expect(responses["503"]?.["description"], path).toContain("`UNAVAILABLE`");
    }
  }
});

describe("a refusal", () => {
  const backend = createBackend();
  afterAll(() => backend.app.close());

  const json = { "content-type": "application/json" };
  const WRONG_BODIES = [
    ["CONTENT_TYPE_UNSUPPORTED", { "content-type": "text/plain" }, "x"],
    ["BODY_NOT_JSON", json, "{"],
    ["BODY_INVALID", json, "[".repeat(1_000)],
    ["BODY_TOO_LARGE", json, `"${"x".repeat(1024 * 1024)}"`],
  ] as const;
  const writing = ROUTES.filter(
    ({ method, rawBody }) => method !== "GET" && method !== "HEAD" && rawBody === undefined,
  );

  test.each(writing)("of a body by $operationId is documented", async ({ method, path }) => {
    const url = path.replace(/:\w+/, "x");
    const documentPath = path.replace(/:(\w+)/g, "{$1}");
    const documented = document.paths[documentPath]?.[method.toLowerCase()]?.responses;
    for (const [code, headers, payload] of WRONG_BODIES) {
      const all = { ...AUTHORIZED, ...headers };
      const problem = problemOf(await backend.app.inject({ method, url, payload, headers: all }));
      expect(problem.code).toBe(code);
      expect(documented?.[problem.status]?.["description"]).toContain(`\`${code}\``);
    }
  });

  test.each([
    ["/v1/jobs", "JOB_NOT_FOUND"],
    ["/v1/plugins", "PLUGIN_NOT_FOUND"],
  ])("of an unknown id below %s is the same for an id of any length: %s", async (path, code) => {
    const response = await backend.get(`${path}/${"x".repeat(10_000)}`);
    expect(problemOf(response)).toMatchObject({ status: 404, code });
  });
});

test("requests accept no undocumented field, but responses and events can gain fields", () => {
  const closed = schemas.filter(([, schema]) => schema["additionalProperties"] === false);
  expect(closed.map(([name]) => name)).toEqual([
    "AddToken",
    "BatchJobRequest",
    "BatchWebhookRequest",
    "DebounceRequest",
    "DedupeRequest",
    "LimitOverride",
    "Login",
    "PauseLimit",
    "PreviewSchedule",
    "RecoverWebhook",
    "RegisterWebhook",
    "ResumeLimit",
    "RetryRequest",
    "SaveSchedule",
    "ScheduledJob",
    "SetSecret",
    "StartBulkAct",
    "SubmitBatch",
    "SubmitJob",
    "UpdateSchedule",
    "UpdateScheduledJob",
    "UpdateWebhook",
    "WebhookRequest",
  ]);
});

describe("the page", () => {
  const page = renderDocs(document).markup;

  test("has an anchor for every error code, route and schema, and every link leads to one", () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const wanted = [
      ...describeErrors().map(({ code }) => code as string),
      ...ROUTES.map(({ operationId }) => operationId),
      ...schemas.map(([name]) => name),
    ];
    expect(wanted.filter((id) => !ids.has(id))).toEqual([]);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, to]) => to);
    expect(links.filter((to) => to === undefined || !ids.has(to))).toEqual([]);
  });

  test("shows the type of every field", () => {
    expect(page).toContain("string or null");
    expect([...page.matchAll(/<td class="type">\s*<small>/g)]).toEqual([]);
  });

  test("contains no script and escapes its texts", () => {
    expect(page).not.toContain("<script");
    const [name] = Object.keys(document.paths);
    const { markup: hostile } = renderDocs({
      ...document,
      info: { ...document.info, summary: "<img src=x onerror=alert(1)>" },
    });
    expect(name).toBeDefined();
    expect(hostile).not.toContain("<img");
    expect(hostile).toContain("&lt;img");
  });
});
