/** compose.yaml: an n8n and a daemon that find each other, without a step by hand. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installN8n } from "../../../n8n-nodes-playground/test/n8n/install.mts";
import {
  createN8nClient,
  signIn,
  type N8nClient,
} from "../../../n8n-nodes-playground/test/n8n/support/n8n-client.mts";
import {
  chain,
  items,
  manualTrigger,
  noOp,
  playgroundTrigger,
  runJob,
  START,
} from "../../../n8n-nodes-playground/test/n8n/support/workflows.mts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";
import { provideBaseImages } from "./base-images.ts";
import { build, compose, missingPart, podman } from "./podman.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PROJECT = `playground-test-${process.pid}`;

const missing = await missingPart("podman-compose");
if (missing !== null)
  console.log(`compose.yaml is not tested: this machine does not have ${missing}.`);
const inCompose = test.skipIf(missing !== null);

/** Which the first start has imported. */
const CREDENTIAL = { id: "playground", name: "Playground" };

let override: string;
let n8n: N8nClient;
let ports: { readonly daemon: number; readonly n8n: number };

/** Mounts n8n, which the stand-in for its image does not have, and keeps it from calling the internet. */
async function writeOverride(): Promise<void> {
  ports = { daemon: await freePort(), n8n: await freePort() };
  const installed = dirname(dirname(dirname(dirname(installN8n()))));
  // For the user of the container.
  await chmod(installed, 0o755);
  override = join(await mkdtemp(join(tmpdir(), "playground-compose-")), "compose.yaml");
  const environment = {
    N8N_DIAGNOSTICS_ENABLED: "false",
    N8N_VERSION_NOTIFICATIONS_ENABLED: "false",
    N8N_TEMPLATES_ENABLED: "false",
    N8N_DISABLED_MODULES: "mcp-registry",
  };
  const services = { n8n: { environment, volumes: [`${installed}:/n8n:ro`] } };
  await writeFile(override, JSON.stringify({ services }));
}

async function run(...args: string[]): Promise<string> {
  const files = ["--file=compose.yaml", `--file=${override}`];
  const env = { PLAYGROUND_PORT: String(ports.daemon), N8N_PORT: String(ports.n8n) };
  return compose(ROOT, env, `--project-name=${PROJECT}`, ...files, ...args);
}

beforeAll(async () => {
  if (missing !== null) return;
  await provideBaseImages(join(ROOT, "Dockerfile"));
  await provideBaseImages(join(ROOT, "docs/deploy/n8n/Dockerfile"));
  await build(ROOT, "playground");
  await build(ROOT, "playground-n8n", "docs/deploy/n8n/Dockerfile");
  await writeOverride();
  await run("up", "--detach", "--no-build");
  const url = `http://127.0.0.1:${ports.n8n}`;
  await until(
    "n8n is ready",
    async () => (await fetch(`${url}/healthz/readiness`).catch(() => null))?.ok,
    { timeoutMs: 180_000 },
  );
  n8n = createN8nClient(url, await signIn(url));
}, 1_200_000);

afterAll(async () => {
  if (override === undefined) return;
  await run("down", "--volumes");
  await rm(dirname(override), { recursive: true });
}, 120_000);

/** What the command prints in the daemon's container. */
async function inDaemon(...command: string[]): Promise<string> {
  return podman("exec", `${PROJECT}_playground_1`, ...command);
}

/** Sends a request to the published port. */
async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const script = "fs.readFileSync(process.env.PLAYGROUND_TOKEN_FILE, 'utf8')";
  const [token = ""] = (await inDaemon("node", "-p", script)).split("\n");
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  return fetch(`http://127.0.0.1:${ports.daemon}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
}

inCompose("n8n has one workflow, which runs a job at once", async () => {
  const { data: workflows } = await n8n.api("GET", "/workflows");
  expect(workflows.map(({ name }: { name: string }) => name)).toEqual([
    "Playground: run a plugin and wait",
  ]);
  const id = await n8n.runManually(workflows[0].id, "When clicking Execute workflow");
  const execution = await n8n.untilStatus(String(id), "success");
  expect(execution.items("Run Job")).toMatchObject([{ json: { output: { rows: 2 } } }]);
});

inCompose("the daemon resumes an execution that is parked", async () => {
  const words = runJob({
    credential: CREDENTIAL,
    plugin: "word-count",
    input: "{ text: $json.text }",
    // It parks at once.
    options: { firstWaitSeconds: 0 },
  });
  const workflow = chain("Parks", manualTrigger(), items({ text: "to be or not to be" }), words);
  const id = await n8n.runManually(await n8n.createWorkflow(workflow), START);
  const execution = await n8n.untilStatus(String(id), "success");
  expect(execution.items("Run Job")).toMatchObject([{ json: { output: { words: 6 } } }]);

  const response = await request("/v1/deliveries?limit=500");
  const { items: deliveries } = (await response.json()) as { items: { url: string }[] };
  const resumed = deliveries.filter(({ url }) =>
    url.startsWith(`http://n8n:5678/webhook-waiting/${String(id)}/`),
  );
  expect(resumed).toMatchObject([{ state: "delivered" }]);
});

inCompose(
  "a published trigger gets the events of a job, with a link that n8n can follow",
  async () => {
    const trigger = playgroundTrigger(CREDENTIAL, { events: ["completed"] });
    const workflowId = await n8n.createWorkflow(chain("Listens", trigger, noOp("Take")));
    expect(await n8n.publish(workflowId)).toMatchObject({ status: "published" });
    const submitted = await request("/v1/jobs", {
      method: "POST",
      body: JSON.stringify({ plugins: ["word-count"], input: { text: "to be or not to be" } }),
    });
    const { jobId } = (await submitted.json()) as { jobId: string };
    const [execution] = await n8n.untilEnded(workflowId, 1);
    expect(execution?.items("Playground Trigger")).toMatchObject([
      { json: { status: "completed", jobId, jobUrl: `http://playground:8787/v1/jobs/${jobId}` } },
    ]);
  },
);

inCompose("a login link can have the address at which a browser reaches the daemon", async () => {
  const address = `http://localhost:${ports.daemon}`;
  const [link = ""] = (
    await inDaemon("playground-runner", "login-link", "--public-url", address)
  ).split("\n");
  expect(link.startsWith(`${address}/#key=`)).toBe(true);
  const login = await fetch(`http://127.0.0.1:${ports.daemon}/v1/session`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "sec-fetch-site": "same-origin",
    },
    body: JSON.stringify({ key: link.slice(link.indexOf("=") + 1) }),
  });
  expect(login.status).toBe(200);
});
