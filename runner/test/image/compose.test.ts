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
} from "../../../n8n-nodes-playground/test/n8n/support/n8n-client.mts";
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

let override: string;
let ports: { readonly daemon: number; readonly n8n: number };

/** Mounts n8n, which the stand-in for its image does not have, and keeps it from calling the internet. */
async function writeOverride(): Promise<void> {
  ports = { daemon: await freePort(), n8n: await freePort() };
  const n8n = dirname(dirname(dirname(dirname(installN8n()))));
  // For the user of the container.
  await chmod(n8n, 0o755);
  override = join(await mkdtemp(join(tmpdir(), "playground-compose-")), "compose.yaml");
  const environment = {
    N8N_DIAGNOSTICS_ENABLED: "false",
    N8N_VERSION_NOTIFICATIONS_ENABLED: "false",
    N8N_TEMPLATES_ENABLED: "false",
    N8N_DISABLED_MODULES: "mcp-registry",
  };
  const services = { n8n: { environment, volumes: [`${n8n}:/n8n:ro`] } };
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
}, 900_000);

afterAll(async () => {
  if (override === undefined) return;
  await run("down", "--volumes");
  await rm(dirname(override), { recursive: true });
}, 120_000);

inCompose(
  "a workflow that is there runs a job at once",
  async () => {
    await run("up", "--detach", "--no-build");
    const url = `http://127.0.0.1:${ports.n8n}`;
    await until(
      "n8n is ready",
      async () => (await fetch(`${url}/healthz/readiness`).catch(() => null))?.ok,
      { timeoutMs: 180_000 },
    );
    const n8n = createN8nClient(url, await signIn(url));

    const { data: workflows } = await n8n.api("GET", "/workflows");
    expect(workflows.map(({ name }: { name: string }) => name)).toEqual([
      "Playground: run a plugin and wait",
    ]);
    const id = await n8n.runManually(workflows[0].id, "When clicking Execute workflow");
    const execution = await n8n.untilStatus(String(id), "success");
    expect(execution.items("Run Job")).toMatchObject([{ json: { output: { rows: 2 } } }]);
  },
  300_000,
);

inCompose("the daemon runs the plugin of the mounted folder, and keeps its token", async () => {
  const [token] = (
    await podman(
      "exec",
      `${PROJECT}_playground_1`,
      "node",
      "-p",
      "fs.readFileSync(process.env.PLAYGROUND_TOKEN_FILE, 'utf8')",
    )
  ).split("\n");
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  const response = await fetch(`http://127.0.0.1:${ports.daemon}/v1/jobs`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      prefer: "wait=30",
    },
    body: JSON.stringify({ plugins: ["word-count"], input: { text: "to be or not to be" } }),
  });
  expect(await response.json()).toMatchObject({ status: "completed", output: { words: 6 } });
});
