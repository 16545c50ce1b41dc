import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { Pool } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeErrors } from "../../src/http/error-map.ts";
import { createOpenApiDocument, type Operation } from "../../src/http/openapi.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { requestArbitrary, type Known, type RawRequest } from "../support/request-arbitrary.ts";
import { until } from "../support/until.ts";

const REQUESTS_PER_ROUTE = 1_000;
const CONNECTIONS = 8;
/** No process listens on this port. */
const HOOK = "http://127.0.0.1:1/";
/** The number of webhooks or batches that are created for the requests of one route. */
const SPARE = 5;
/** Exactly one of three fields must be set. */
const SCHEDULES = Array.from({ length: SPARE }, (_, n) => ({
  key: `fuzz-${n}`,
  everyMs: 1_000_000_000,
  job: { plugins: ["echo"] },
}));
const BODIES: Readonly<Record<string, readonly unknown[]>> = {
  "/v1/schedules": SCHEDULES,
  // Most others are refused, for their URL or because a probe of it fails.
  "/v1/webhooks": [{ url: HOOK, jobName: "fuzz" }],
  "/v1/schedules/{key}": [{ everyMs: 2_000_000_000 }, { overlap: "allow" }, { job: { name: "a" } }],
  "/v1/schedules/preview": [{ everyMs: 60_000 }, { cron: "0 9 * * *", timezone: "Europe/Berlin" }],
};
const ECHO = `import { definePlugin } from "playground-runner/plugin";
export default definePlugin({ name: "echo", description: "Returns its input.", run: (input) => input });
`;
const LIMITED = `import { definePlugin } from "playground-runner/plugin";
export default definePlugin({
  name: "limited",
  description: "Has a limit.",
  limits: { concurrency: 2, rate: "10/s", perKey: { key: "input.key", concurrency: 1, rate: "5/s" } },
  run: (input) => input,
});
`;

const document = createOpenApiDocument();
const codes = new Map(describeErrors().map(({ code, status }) => [code as string, status]));
interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

type Content = Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;

const routes: readonly Route[] = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    operation,
  })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as (on: Ajv2020) => void)(ajv);
ajv.addSchema({ $id: "document", ...document });

let root: string;
let daemon: Daemon;
let pool: Pool;
let known: Known;
let changeable: string;
let origins = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-fuzz-"));
  await writeFile(join(root, "echo.ts"), ECHO);
  await writeFile(join(root, "limited.ts"), LIMITED);
  daemon = await startDaemon({ pluginsDir: root });
  pool = new Pool(daemon.url, {
    connections: CONNECTIONS,
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
  });
  const id = await createJob();
  // Only for the cancel and retry routes: a stream of this job's events would not end.
  const later = await daemon.post("/v1/jobs", { plugins: ["echo"], runAt: "2999-01-01T00:00:00Z" });
  changeable = later.jobId as string;
  const secret = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
  const [url, headers] = [[HOOK], [{ "X-Key": "1" }]];
  const jobs = [[{ plugins: ["echo"] }]];
  const plugins = [["echo"]];
  const fields = { name: ["echo"], plugins, jobs, url, headers, secret };
  known = { token: daemon.token, values: { id, jobId: id, step: [0], ...fields } };
});

/** Returns the id of a job that has ended, and of its delivery, which was given up. */
async function createJob(): Promise<[jobId: string, deliveryId: string]> {
  // An origin of its own: no earlier failure delays the attempt.
  origins += 1;
  const webhook = { url: `http://127.0.1.${origins}:1/`, on: ["completed"], retries: 0 };
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo"], input: 1, webhook });
  const { deliveryId } = await until("its delivery to be given up", async () => {
    const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}&state=dead`);
    return items[0] as { deliveryId: string } | undefined;
  });
  return [jobId, deliveryId];
}

/** Existing values for a route's requests. Whatever they change or remove is created for them. */
async function valuesFor({ path }: Route): Promise<Known["values"]> {
  if (/\/(cancel|retry)$/.test(path)) return { ...known.values, id: [changeable] };
  if (path.startsWith("/v1/files/")) {
    const uploads = Array.from({ length: 20 }, async () => {
      const uploaded = await daemon.request("/v1/files", { method: "PUT", body: "content" });
      return ((await uploaded.json()) as { fileId: string }).fileId;
    });
    return { ...known.values, id: await Promise.all(uploads) };
  }
  if (path.startsWith("/v1/destinations/")) {
    const { items } = await daemon.get("/v1/destinations");
    return { ...known.values, id: [items[0].destinationId as string] };
  }
  if (/^\/v1\/(jobs|deliveries)\/\{id\}/.test(path)) {
    // Requests of earlier routes, and some of this one, delete jobs.
    const created = await Promise.all(Array.from({ length: SPARE }, createJob));
    return { ...known.values, id: created.flat() };
  }
  if (path.startsWith("/v1/bulk/")) {
    const bulk = await daemon.post("/v1/bulk", { act: "cancel", ids: known.values["jobId"] });
    return { ...known.values, id: [bulk.id as string] };
  }
  if (path.startsWith("/v1/schedules/")) {
    await Promise.all(SCHEDULES.map((body) => daemon.post("/v1/schedules", body)));
    return { ...known.values, key: SCHEDULES.map(({ key }) => key) };
  }
  if (path.startsWith("/v1/limits/")) {
    return { ...known.values, name: ["limited"], key: ["a"] };
  }
  if (path.startsWith("/v1/secrets/")) {
    const names = Array.from({ length: SPARE }, (_, n) => `FUZZ_${n}`);
    for (const name of names) {
      await daemon.request(`/v1/secrets/${name}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ value: "for the fuzz test" }),
      });
    }
    return { ...known.values, name: names };
  }
  const toCreate = path.startsWith("/v1/webhooks/")
    ? (n: number) => ({ to: "/v1/webhooks", body: { url: HOOK, jobName: `${path} ${n}` } })
    : path.startsWith("/v1/batches/")
      ? () => ({ to: "/v1/batches", body: { jobs: [{ plugins: ["echo"] }] } })
      : null;
  if (toCreate === null) return known.values;
  const created = Array.from({ length: SPARE }, (_, n) => toCreate(n)).map(({ to, body }) =>
    daemon.post(to, body),
  );
  const id = (await Promise.all(created)).map((answer) => (answer.id ?? answer.batchId) as string);
  return { ...known.values, id };
}

afterAll(async () => {
  await pool.destroy();
  await daemon.close();
  await rm(root, { recursive: true, force: true });
});

/** Throws when the response is not what the document promises, and when the connection is lost. */
async function check(request: RawRequest, route: Route): Promise<number> {
  const answer = await pool.request(request);
  const { statusCode: status, headers } = answer;
  if (request.path.startsWith("/v1/stream") && status === 200) {
    // It has no end.
    answer.body.on("error", () => {}).destroy();
    return status;
  }
  const text = await answer.body.text();
  const fail = (why: string): never => {
    throw new Error(`${why}: ${status} ${text.slice(0, 500)}`);
  };
  if (status >= 500) fail("The daemon responded with a server error");
  const type = String(headers["content-type"] ?? "");
  const isPage = status === 401 && request.path.startsWith("/docs") && type.includes("text/html");
  // A client of the protocol expects the errors of JSON-RPC.
  const isJsonRpc = request.path.startsWith("/mcp") && text.startsWith('{"jsonrpc":"2.0","error":');
  if (status >= 400 && request.method !== "HEAD" && !isPage && !isJsonRpc) {
    if (!type.includes("application/problem+json")) fail(`The error's content type is ${type}`);
    const problem = JSON.parse(text) as { code: string };
    if (codes.get(problem.code) !== status)
      fail("The code is not in the table of errors, or has another status there");
    if (!fits(problem, "#/components/schemas/Problem")) fail("Does not match the Problem schema");
  }
  // Another method on the same path is another route and is checked with that route.
  if (status < 300 && request.method === route.method && type.includes("application/json")) {
    const content = route.operation.responses[status]?.["content"] as Content | undefined;
    const schema = content?.["application/json"]?.schema;
    if (schema === undefined) return fail("The document does not describe this status");
    // Without a reference it is any JSON value.
    const { $ref } = schema;
    const value: unknown = JSON.parse(text);
    if ($ref !== undefined && !fits(value, $ref)) fail(`Does not match ${$ref}`);
  }
  return status;
}

function fits(value: unknown, ref: string): boolean {
  const validate = ajv.getSchema(`document${ref}`);
  if (validate === undefined) throw new Error(`The document has no schema ${ref}`);
  return validate(value) === true;
}

describe("no request causes a 5xx, an error without a code, or a lost connection", () => {
  test.each(routes)("$method $path", { timeout: 60_000 }, async (route) => {
    const values = await valuesFor(route);
    const bodies = BODIES[route.path];
    const requests = requestArbitrary(route, document, { ...known, values, bodies });
    const seed = Date.now() | 0;
    const sample = fc.sample(requests, { numRuns: REQUESTS_PER_ROUTE, seed });
    const statuses = new Set<number>();
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let request = sample[next++]; request !== undefined; request = sample[next++]) {
        statuses.add(await check(request, route));
      }
    };
    try {
      await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    } catch {
      // Repeats the requests one by one, so that fast-check can shrink the one that fails.
      const property = fc.asyncProperty(
        requests,
        async (request) => void (await check(request, route)),
      );
      await fc.assert(property, { numRuns: REQUESTS_PER_ROUTE, seed });
      throw new Error(`Failed with seed ${seed}, but only when the requests were concurrent.`);
    }
    // Some requests must succeed: refusals alone would prove little.
    const good = Object.keys(route.operation.responses).filter((status) => Number(status) < 300);
    const others: Readonly<Record<string, string>> = {
      // On few jobs it has ended before it can be aborted.
      "/v1/bulk/{id}/abort": "409",
      // No request has a Range.
      "/v1/files/{id}/content": "200",
      // A random message is none of the protocol.
      "/mcp": "400",
    };
    const wanted = others[route.path] ?? good.at(-1);
    expect([...statuses].map(String)).toEqual(expect.arrayContaining([wanted]));
  });

  test("afterwards the daemon is ready and has logged no server error", async () => {
    expect((await daemon.request("/readyz")).status).toBe(200);
    expect(daemon.output()).not.toContain("http.failed");
    expect(daemon.process.exitCode).toBeNull();
  });
});
