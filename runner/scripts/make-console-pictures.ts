/**
 * Makes the documentation's pictures of the console: `make-console-pictures.ts [MINUTES]`. A daemon runs jobs
 * for the minutes first, 15 if none are given, so that there is something to see. Needs Chromium, and the
 * ports 5678, where n8n would be, and 9999, where nothing answers.
 */
import { cp, mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { demoJobs } from "../demo/jobs.ts";
import { startChromium } from "../test/support/chromium.ts";
import { openConsole } from "../test/support/console.ts";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";

const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const N8N = "http://localhost:5678/webhook";
const NOBODY = "http://localhost:9999/webhook/lost";
const PACKAGE = new URL("../", import.meta.resolve("vega-datasets"));
/** About 50 jobs a minute. */
const PAUSE_MS = 3_500;
const SLOW_PART = 0.05;

const PLUGINS = {
  "enrich-orders": `async (input, ctx) => {
    await sleep(200 + 400 * Math.random());
    if (input.price < 0) throw new Error("order " + input.order + " has a negative price");
    ctx.metrics.add("processedItems", 1);
    return { order: input.order, total: input.price * 1.19 };
  }`,
  "ask-crm": {
    limits:
      '{ name: "crm-api", concurrency: 4, rate: "100/m", burst: 5, perKey: { key: "input.customer", concurrency: 1 } }',
    run: "async (input, ctx) => { await sleep(60_000, null, { signal: ctx.signal }); }",
  },
  "call-model": { limits: '{ concurrency: 2, rate: "20/m", maxQueued: 500 }', run: "() => null" },
};

const minutes = Number(process.argv[2] ?? 15);

const n8n = createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("content-type", "application/json");
    response.statusCode = Math.random() < SLOW_PART ? 503 : 200;
    response.end('{"message":"Workflow was started"}');
  });
});
await new Promise<void>((resolve) => n8n.listen(5678, "localhost", resolve));
const daemon = await startDaemon({ plugins: PLUGINS, env: { PLAYGROUND_THREADS: "4" } });
const browser = await startChromium();
try {
  await daemon.post("/v1/webhooks", { url: `${N8N}/failures`, on: ["failed"] });
  const archive = { url: `${N8N}/archive`, on: ["completed"], jobName: "seattle-weather" };
  await daemon.post("/v1/webhooks", archive);
  const files = join(daemon.dataDir, "files");
  await mkdir(files, { recursive: true });
  await cp(new URL("data/seattle-weather.csv", PACKAGE), join(files, "seattle-weather.csv"));
  await runJobs(daemon);
  await takePictures(daemon);
} finally {
  await browser.close();
  await daemon.close();
  n8n.close();
}

async function runJobs(running: Daemon): Promise<void> {
  const [weather, birds, readme] = (await demoJobs(`${N8N}/results`)).map(({ request }) => request);
  const until = performance.now() + minutes * 60_000;
  for (let round = 1; performance.now() < until; round += 1) {
    await running.post("/v1/jobs", {
      ...weather,
      input: { file: "seattle-weather.csv" },
      metadata: { workflow: "daily-report" },
    });
    await running.post("/v1/jobs", readme);
    const order = { order: 4_000 + round, price: round % 12 === 0 ? -1 : 20 + round };
    const lost = round % 20 === 0 ? { webhook: { url: NOBODY } } : {};
    await running.post("/v1/jobs", {
      plugins: ["enrich-orders"],
      name: `order-${order.order}`,
      input: order,
      ...lost,
    });
    if (round % 4 === 0) await running.post("/v1/jobs", birds);
    await sleep(PAUSE_MS * (0.5 + Math.random()));
  }
}

async function takePictures(running: Daemon): Promise<void> {
  const view = (height: number) => ({ viewport: { width: 1280, height } });
  const light = await openConsole(browser, running, { ...view(860), colorScheme: "light" });
  const save = (name: string) => ({ path: join(IMAGES, `console-${name}.png`) });
  await light.page.waitForSelector("text=What fails");
  await sleep(2_000);
  await light.page.screenshot(save("overview-light"));

  await light.page.setViewportSize({ width: 1280, height: 800 });
  await light.goTo("#/run?plugin=csv-profile");
  await light.page.click("button:text-is('Run')");
  await light.page.waitForSelector("text=Open the job");
  await light.page.screenshot(save("run-light"));

  const dark = await openConsole(browser, running, { ...view(800), colorScheme: "dark" });
  const { items } = await running.get("/v1/jobs?name=seattle-weather&status=completed&limit=5");
  await dark.goTo(`#/jobs/${items.at(-1).jobId}`);
  await dark.page.waitForSelector("text=Output of csv-profile");
  await sleep(1_000);
  await dark.page.screenshot(save("job-dark"));
  await dark.page.setViewportSize({ width: 1280, height: 560 });
  await dark.goTo("#/destinations");
  await dark.page.waitForSelector("text=localhost:9999");
  await dark.page.screenshot(save("destinations-dark"));

  for (const customer of ["acme", "acme", "acme", "globex", "globex", "initech"])
    await running.post("/v1/jobs", { plugins: ["ask-crm"], input: { customer } });
  await running.post("/v1/limits/crm-api/pause", { key: "globex", forMs: 600_000 });
  await running.request("/v1/limits/call-model", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rate: "10/m" }),
  });
  await light.page.setViewportSize({ width: 1280, height: 560 });
  await light.goTo("#/limits?name=crm-api");
  await light.page.waitForSelector(".limit-keys li");
  await sleep(1_000);
  await light.page.screenshot(save("limits-light"));
}
