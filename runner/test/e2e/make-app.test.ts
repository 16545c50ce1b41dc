/** Runs the custom app in docs/guides/make/app against a real daemon. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { EVENT_KINDS } from "../../src/domain/event.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import {
  codeOf,
  manifest,
  readAppFile,
  run,
  toBundleSchema,
  type Collection,
} from "../support/make/app.ts";
import { render } from "../support/make/iml.ts";
import {
  Base,
  Communication,
  Groups,
  Makecomapp,
  Parameters,
  type Parameter,
} from "../support/make/schema.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";

let daemon: Daemon;
let connection: { baseUrl: string; token: string };

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      hangs: "(_, ctx) => new Promise((end) => ctx.signal.addEventListener('abort', end))",
    },
  });
  connection = { baseUrl: daemon.url, token: daemon.token };
});
afterAll(() => daemon.close());

/** The schema of the bundles that a module's interface declares. */
async function bundleOf(moduleId: string): Promise<z.ZodType> {
  return toBundleSchema(await codeOf<Parameter[]>("module", moduleId, "interface"));
}

async function runModule(id: string, parameters: Collection): Promise<unknown[]> {
  const communication = await codeOf<Communication>("module", id, "communication");
  const { bundles } = await run(communication, { connection, parameters });
  z.array(await bundleOf(id)).parse(bundles);
  return bundles;
}

async function callRpc(id: string, parameters: Collection = {}): Promise<unknown[]> {
  const communication = await codeOf<Communication>("rpc", id, "communication");
  return (await run(communication, { connection, parameters })).bundles;
}

describe("Make's editor accepts the files of the app:", () => {
  const components = Object.entries(manifest.components).flatMap(([kind, all]) =>
    Object.entries(all).map(([id, component]) => ({ kind, id, component })),
  );
  const SCHEMAS: Readonly<Record<string, { parse(value: unknown): unknown }>> = {
    communication: Communication,
    attach: Communication,
    detach: Communication,
    params: Parameters,
    staticParams: Parameters,
    mappableParams: Parameters,
    interface: Parameters,
  };

  test("the manifest, the base and the groups", async () => {
    Makecomapp.parse(manifest);
    const { base, groups } = manifest.generalCodeFiles;
    Base.parse(await readAppFile(base));
    const named = Groups.parse(await readAppFile(groups)).flatMap(({ modules }) => modules);
    expect(named.toSorted()).toEqual(Object.keys(manifest.components.module).toSorted());
  });

  test.each(components)("$kind $id", async ({ component }) => {
    for (const [code, path] of Object.entries(component.codeFiles)) {
      if (path === null) continue;
      const content = await readAppFile(path);
      SCHEMAS[code]?.parse(content);
      for (const [, rpc = ""] of JSON.stringify(content).matchAll(/rpc:\/\/(\w+)/g)) {
        expect(Object.keys(manifest.components.rpc)).toContain(rpc);
      }
    }
  });

  test.each(Object.keys(manifest.components.module))(
    "the sample of %s matches its interface",
    async (id) => {
      (await bundleOf(id)).parse(await codeOf("module", id, "samples"));
    },
  );
});

describe("the connection", () => {
  const open = async (parameters: Collection) =>
    run(await codeOf<Communication>("connection", "playground", "communication"), { parameters });

  test("is named after the daemon's URL", async () => {
    const { metadata } = await open(connection);
    expect(metadata).toEqual({ type: "text", value: daemon.url });
  });

  test("reports a wrong token, and a URL that is not a Playground daemon", async () => {
    await expect(open({ ...connection, token: "wrong" })).rejects.toMatchObject({
      type: "InvalidAccessTokenError",
      message: expect.stringContaining("[401] ") as string,
    });
    const other = createServer((_, response) => void response.end('{"hello":"world"}'));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const baseUrl = `http://127.0.0.1:${port}`;
    await expect(open({ ...connection, baseUrl })).rejects.toMatchObject({
      type: "InvalidConfigurationError",
      message: "What answers at this address is no Playground.",
    });
  });
});

describe("the instant trigger", () => {
  async function attach(hook: Receiver, parameters: Collection): Promise<Collection> {
    const code = await codeOf<Communication>("webhook", "jobEvents", "attach");
    const webhook = { url: `${hook.url}/abc` };
    return (await run(code, { connection, parameters, webhook })).data;
  }

  test("registers a webhook, verifies the signature of each event, and removes the webhook", async () => {
    const hook = await createReceiver();
    onTestFinished(() => hook.close());
    const webhook = await attach(hook, { on: ["started", "progress", "completed", "failed"] });
    expect(webhook).toEqual({
      externalHookId: expect.stringMatching(/^wh_/) as string,
      secret: expect.stringMatching(/^whsec_/) as string,
    });

    const input = { data: { rows: [1.5, 2e-7, "ü\u2028"] }, expression: "rows" };
    await daemon.post("/v1/jobs", {
      plugins: ["json-query"],
      input,
      metadata: { "2": 0, a: null },
    });
    await daemon.post("/v1/jobs", { plugins: ["csv-profile"], input: { file: "not-there.csv" } });
    const received = await hook.untilReceived(5);

    const { output } = await codeOf<Communication>("webhook", "jobEvents", "communication");
    const toBundle = (body: string, headers: object) =>
      render(output, { body: JSON.parse(body) as unknown, headers, data: webhook }) as Collection;
    const bundles = received.map(({ body, headers }) => toBundle(body, headers));
    z.array(await bundleOf("watchJobEvents")).parse(bundles);
    const kinds = bundles.map(({ status }) => String(status)).toSorted();
    expect(kinds).toEqual(["completed", "failed", "progress", "started", "started"]);
    expect(bundles.every(({ verified }) => verified === true)).toBe(true);

    const [first] = received;
    const forged = first?.body.replace('"status":"started"', '"status":"failed"') ?? "";
    expect(toBundle(forged, first?.headers ?? {})["verified"]).toBe(false);
    expect(toBundle(forged, {})["verified"]).toBe(false);

    await run(await codeOf<Communication>("webhook", "jobEvents", "detach"), {
      connection,
      webhook,
    });
    const { items } = (await daemon.get("/v1/webhooks")) as { items: unknown[] };
    expect(items).toEqual([]);
  });

  test("receives only the selected event kinds, plugins and job names", async () => {
    const hook = await createReceiver();
    onTestFinished(() => hook.close());
    const chosen = { on: ["failed"], plugins: ["csv-profile"], jobName: "nightly" };
    const webhook = await attach(hook, chosen);
    const id = webhook["externalHookId"] as string;
    expect(await daemon.get(`/v1/webhooks/${id}`)).toMatchObject(chosen);
  });

  test("receives the events of all jobs when no plugins and no job name are selected", async () => {
    const hook = await createReceiver();
    onTestFinished(() => hook.close());
    const webhook = await attach(hook, { on: ["failed"], plugins: [], jobName: "" });
    const id = webhook["externalHookId"] as string;
    const registered = await daemon.get(`/v1/webhooks/${id}`);
    expect(registered).toMatchObject({ plugins: null, jobName: null });
  });
});

describe("the modules", () => {
  test("Run a Job runs a plugin with the fields of its form and returns the job", async () => {
    const [field] = (await callRpc("inputFields", { plugin: "text-chunk" })) as Parameter[];
    expect(field).toMatchObject({ name: "text", type: "text", required: false });
    const [bundle] = await runModule("runJob", {
      plugin: "text-chunk",
      inputMode: "fields",
      input: { text: "To be or not to be." },
      options: { maxTokens: 200 },
      name: "from-make",
      waitSeconds: 10,
    });
    expect(bundle).toMatchObject({ status: "completed", name: "from-make", output: { count: 1 } });
  });

  test("Run a Job with one value and without waiting returns the accepted job", async () => {
    const [bundle] = await runModule("runJob", {
      plugin: "json-query",
      inputMode: "value",
      inputValue: { data: [1, 2], expression: "$sum($)" },
    });
    expect(bundle).toMatchObject({
      // The job can start, or even end, before the response.
      status: expect.stringMatching(/^(queued|running|completed)$/) as string,
      plugins: ["json-query"],
    });
  });

  test("the same idempotency key returns the job of the first run", async () => {
    const parameters = {
      plugin: "json-query",
      inputMode: "value",
      inputValue: { data: 1, expression: "$" },
      idempotencyKey: "order-4711",
    };
    const [first] = (await runModule("runJob", parameters)) as Collection[];
    const [second] = (await runModule("runJob", parameters)) as Collection[];
    expect(second?.["jobId"]).toBe(first?.["jobId"]);
  });

  test("a refused request is an error that names the field", async () => {
    const parameters = { plugin: "text-chunk", inputMode: "value", inputValue: { text: 7 } };
    await expect(runModule("runJob", parameters)).rejects.toMatchObject({
      type: "DataError",
      message: expect.stringMatching(/^\[400\] .* \/input\/text /) as string,
    });
  });

  test("Get a Job and Cancel a Job return the job, and an unknown id is an error", async () => {
    const [{ jobId } = {}] = (await runModule("runJob", {
      plugin: "hangs",
      inputMode: "value",
    })) as Collection[];
    expect(await runModule("cancelJob", { jobId })).toMatchObject([{ jobId }]);
    expect(await runModule("getJob", { jobId })).toMatchObject([{ jobId, plugins: ["hangs"] }]);
    await expect(runModule("getJob", { jobId: "job_none" })).rejects.toMatchObject({
      type: "DataError",
    });
  });

  test("List Jobs reads page after page up to the limit", async () => {
    for (let count = 0; count < 3; count += 1) {
      await runModule("runJob", { plugin: "json-query", inputMode: "value", name: "listed" });
    }
    const communication = await codeOf<Communication>("module", "listJobs", "communication");
    const paged = { ...communication, qs: { ...communication.qs, limit: 1 } };
    const list = async (limit: number) =>
      (await run(paged, { connection, parameters: { name: "listed", limit } })).bundles;
    expect(await list(2)).toHaveLength(2);
    expect(new Set((await list(10)).map((job) => (job as Collection)["jobId"])).size).toBe(3);
    expect(await runModule("listJobs", { name: "listed", limit: 10 })).toHaveLength(3);
  });
});

describe("the calls behind the forms", () => {
  test("List Plugins returns the plugins that can be run", async () => {
    const options = (await callRpc("listPlugins")) as { label: string; value: string }[];
    expect(options.map(({ value }) => value)).toContain("csv-profile");
  });

  test.each([
    "csv-profile",
    "html-to-markdown",
    "http-fetch",
    "image-resize",
    "json-query",
    "pdf-to-text",
    "spreadsheet-to-json",
    "text-chunk",
    "unzip",
    "xml-to-json",
    "zip",
  ])("Make can show the fields of %s", async (plugin) => {
    const options = await callRpc("optionFields", { plugin });
    Parameters.parse([...(await callRpc("inputFields", { plugin })), ...options]);
    expect(options.length).toBeGreaterThan(0);
  });

  test("a plugin without schemas has an empty form", async () => {
    expect(await callRpc("inputFields", { plugin: "hangs" })).toEqual([]);
  });
});

describe("the blueprint", () => {
  interface Module {
    readonly id: number;
    readonly module: string;
    readonly filter?: { readonly conditions: readonly (readonly Collection[])[] };
    readonly mapper: { readonly variables: readonly Collection[] } | null;
    readonly routes?: readonly { readonly flow: readonly Module[] }[];
  }

  test("sends each sample through its own route, and every mapped field exists", async () => {
    const { flow } = await readAppFile<{ flow: Module[] }>("../blueprint.json");
    expect(flow.map(({ module }) => module)).toEqual([
      "gateway:CustomWebHook",
      "builtin:BasicRouter",
    ]);
    const actions = flow[1]?.routes?.flatMap((route) => route.flow) ?? [];
    const ids = [...flow, ...actions].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);

    for (const kind of EVENT_KINDS) {
      const variables = { 1: await readAppFile(`../samples/${kind}.json`) };
      const routed = actions.filter(({ filter }) =>
        filter?.conditions.some((all) => all.every(({ a, b }) => render(a, variables) === b)),
      );
      expect(routed).toHaveLength(1);
      const values = render(routed[0]?.mapper, variables) as { variables: Collection[] };
      expect(values.variables.map(({ value }) => value)).not.toContain(undefined);
    }
  });
});
