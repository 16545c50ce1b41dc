import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole, overflowOf, violationsOn } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";

let empty: Daemon;
let full: Daemon;
let browser: Browser;
let receiver: Receiver;
let ids: Record<"webhook" | "paused" | "origin" | "dead" | "retrying" | "batch" | "job", string>;

const LONG = "a-long-name-".repeat(15);

beforeAll(async () => {
  browser = await startChromium();
  [empty, full, receiver] = await Promise.all([
    startDaemon(),
    startDaemon({ plugins: { fails: `async (n) => { throw new Error("${LONG}"); }` } }),
    createReceiver(({ path }, response) => {
      if (path.startsWith("/bad")) response.statusCode = 503;
      response.end("an answer");
    }),
  ]);
  await writeFile(join(full.pluginsDir, "torn.ts"), "export default {");
  const { id: webhook } = await full.post("/v1/webhooks", {
    url: `${receiver.url}/bad/${LONG}`,
    jobName: "orders",
    plugins: ["fails", "text-chunk"],
  });
  const { id: paused } = await full.post("/v1/webhooks", { url: `${receiver.url}/paused` });
  await full.request(`/v1/webhooks/${paused}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: '{"state":"paused"}',
  });
  await full.post("/v1/tokens", { name: LONG.slice(0, 64), scope: "run" });
  const { jobId: job } = await full.post("/v1/jobs", {
    plugins: ["fails"],
    name: "orders",
    webhook: { url: `${receiver.url}/bad/own`, retries: 0 },
  });
  const { batchId: batch } = await full.post("/v1/batches", {
    jobs: [
      { plugins: ["fails"], name: LONG.slice(0, 180) },
      { plugins: ["text-chunk"], input: {} },
    ],
    webhook: { url: `${receiver.url}/ok` },
  });
  await full.post("/v1/schedules", {
    key: "failing",
    cron: "30 2 * * *",
    timezone: "Europe/Berlin",
    jitterMs: 60_000,
    pauseOnFailures: 1,
    job: { plugins: ["fails"], name: LONG.slice(0, 180) },
  });
  await full.post("/v1/schedules/failing/run", {});
  await until("the schedule to be paused", async () => {
    const { state } = await full.get("/v1/schedules/failing");
    return state === "paused";
  });
  const { deliveryId: dead } = await until("a given up delivery", async () => {
    const { items } = await full.get("/v1/deliveries?state=dead");
    return items[0];
  });
  const { deliveryId: retrying } = await until("a failed attempt", async () => {
    const { items } = await full.get(`/v1/deliveries?webhookId=${webhook}`);
    return items.find(({ attemptCount }: { attemptCount: number }) => attemptCount > 0);
  });
  const { items } = await full.get("/v1/destinations");
  const { destinationId: origin } = items.find((each: { origin: string | null }) => each.origin);
  ids = { webhook, paused, origin, dead, retrying, batch, job };
});
afterAll(() => Promise.all([browser?.close(), empty?.close(), full?.close(), receiver?.close()]));

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
const LOOKS = [
  ["light", { colorScheme: "light", viewport: WIDE }],
  ["dark", { colorScheme: "dark", viewport: WIDE }],
  ["light, on a phone", { colorScheme: "light", viewport: NARROW }],
  ["dark, on a phone", { colorScheme: "dark", viewport: NARROW }],
] as const;

type Step = readonly [place: string, shown: string, click?: string, opened?: string];

describe.each(LOOKS)("%s", (_, look) => {
  test.each<[string, () => Daemon, () => readonly Step[]]>([
    [
      "an empty daemon",
      () => empty,
      () => [
        ["#/run", "select", "text=Job settings", "text=Webhook URL"],
        ["#/destinations", "text=No job has brought a webhook yet"],
        ["#/deliveries", "text=Nothing was sent yet"],
        ["#/plugins", "tbody tr:nth-child(5)"],
        ["#/batches", "text=No batch was submitted yet"],
        ["#/schedules", "text=There is no schedule"],
        ["#/system", "text=No token was added"],
      ],
    ],
    [
      "destinations and deliveries that fail",
      () => full,
      () => [
        ["#/destinations", "tbody tr", "text=Register a webhook", "dialog"],
        [`#/webhooks/${ids.webhook}`, "tbody tr", "text=Edit", "dialog"],
        [`#/webhooks/${ids.paused}`, ".notice", "text=Send failed", "dialog"],
        [`#/destinations/${ids.origin}`, "tbody tr"],
        ["#/deliveries", "tbody tr:nth-child(3)"],
        [`#/deliveries/${ids.dead}`, ".attempts li"],
        [`#/deliveries/${ids.retrying}`, ".attempts li"],
      ],
    ],
    [
      "plugins, batches and the system, with failures and long names",
      () => full,
      () => [
        ["#/run?plugin=csv-profile", "#input_text", "text=Options", "#options-0_header"],
        ["#/run?plugin=zip", "#input_texts_readme\\.txt"],
        [`#/run?job=${ids.job}`, "text=Filled in from"],
        ["#/plugins", ".broken"],
        ["#/plugins/fails", ".mini-bars"],
        ["#/plugins/text-chunk", ".schema", "text=JSON Schema >> nth=-1", ".raw[open]"],
        ["#/plugins/torn", ".notice"],
        ["#/batches", "tbody tr"],
        [`#/batches/${ids.batch}`, "tbody tr"],
        ["#/schedules", "tbody tr"],
        ["#/schedules/failing", "tbody tr", "text=Remove…", "dialog"],
        ["#/system", "tbody tr", "text=Add a token", "dialog"],
      ],
    ],
  ])("the screens of %s can be used by everybody", async (_of, daemon, steps) => {
    const { page, goTo, context, complaints } = await openConsole(browser, daemon(), look);
    const found: object[] = [];
    const check = async (place: string): Promise<void> => {
      found.push(...(await violationsOn(page)).map((violation) => ({ place, ...violation })));
      const overflow = await overflowOf(page);
      if (overflow !== 0) found.push({ place, overflow });
    };
    for (const [place, shown, click, opened] of steps()) {
      await goTo(place);
      await page.waitForSelector(shown);
      await check(place);
      if (click === undefined || opened === undefined) continue;
      await page.click(click);
      await page.waitForSelector(opened);
      await check(`${place}, ${opened}`);
      if (opened === "dialog") await page.keyboard.press("Escape");
    }
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
