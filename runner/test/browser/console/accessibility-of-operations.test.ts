import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import {
  LOOKS,
  openConsole,
  overflowOf,
  violationsOn,
  type OpenedConsole,
} from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";

let empty: Daemon;
let full: Daemon;
let browser: Browser;
let receiver: Receiver;
let ids: Record<
  | "webhook"
  | "paused"
  | "origin"
  | "dead"
  | "retrying"
  | "batch"
  | "job"
  | "waits"
  | "file"
  | "withFile",
  string
>;

const LONG = "a-long-name-".repeat(15);
const LONG_LIMIT = LONG.slice(0, 63);
const LONG_SECRET = "A_LONG_NAME_".repeat(6).slice(0, 64);

beforeAll(async () => {
  browser = await startChromium();
  [empty, full, receiver] = await Promise.all([
    startDaemon(),
    startDaemon({
      plugins: {
        fails: `async (n) => { throw new Error("${LONG}"); }`,
        limited: {
          input: "z.object({ customer: z.string() })",
          limits: `{ name: "${LONG_LIMIT}", concurrency: 5, rate: "10/s", burst: 20,
            perKey: { key: "input.customer", concurrency: 1 } }`,
          run: "async () => 1",
        },
      },
    }),
    createReceiver(({ path }, response) => {
      if (path.startsWith("/bad")) response.statusCode = 503;
      response.end("an answer");
    }),
  ]);
  await writeFile(join(full.pluginsDir, "torn.ts"), "export default {");
  await writeFile(
    join(full.pluginsDir, "needs-secrets.ts"),
    `import { definePlugin } from "playground-runner/plugin";
    export default definePlugin({ name: "needs-secrets", description: "For a test.",
      secrets: ["API_KEY", "${LONG_SECRET}"], run: async () => 1 });`,
  );
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
    job: { plugins: ["fails"], name: LONG.slice(0, 180), tags: [LONG.slice(0, 60), "nightly"] },
  });
  await full.post("/v1/schedules/failing/run", {});
  await until("the schedule to be paused", async () => {
    const { state } = await full.get("/v1/schedules/failing");
    return state === "paused";
  });
  const waits = await waitForLimit();
  const { deliveryId: dead } = await until("a given up delivery", async () => {
    const { items } = await full.get("/v1/deliveries?state=dead");
    return items[0];
  });
  const { deliveryId: retrying } = await until("a failed attempt", async () => {
    const { items } = await full.get(`/v1/deliveries?webhookId=${webhook}`);
    return items.find(({ attemptCount }: { attemptCount: number }) => attemptCount > 0);
  });
  const file = await storeFiles();
  const { jobId: withFile } = await full.post("/v1/jobs", {
    plugins: ["csv-profile"],
    input: { file: { $file: file } },
  });
  await until("a plugin without its secrets", async () => {
    const { secrets } = await full.get("/v1/secrets");
    return secrets.length === 3;
  });
  const { items } = await full.get("/v1/destinations");
  const { destinationId: origin } = items.find((each: { origin: string | null }) => each.origin);
  ids = { webhook, paused, origin, dead, retrying, batch, job, waits, file, withFile };
});
afterAll(() => Promise.all([browser?.close(), empty?.close(), full?.close(), receiver?.close()]));

/** Returns the id of a job that waits for a paused limit with other numbers than the declared ones. */
async function waitForLimit(): Promise<string> {
  await full.request(`/v1/limits/${LONG_LIMIT}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: '{"concurrency":2,"perKey":{"rate":"30/m"}}',
  });
  await full.post(`/v1/limits/${LONG_LIMIT}/pause`, {});
  const customer = LONG.repeat(3);
  await full.post(`/v1/limits/${LONG_LIMIT}/pause`, { key: customer, forMs: 100_000_000 });
  const { jobId } = await full.post("/v1/jobs", { plugins: ["limited"], input: { customer } });
  await until("the job to wait", async () => {
    const { waitingFor } = await full.get(`/v1/jobs/${jobId}`);
    return waitingFor?.kind === "limit";
  });
  return jobId;
}

/** Returns the id of the newest. */
async function storeFiles(): Promise<string> {
  const put = (path: string, type: string, body: string) =>
    full.request(path, { method: "PUT", headers: { "content-type": type }, body });
  await put("/v1/files?name=kept.csv&keep=true", "text/csv", "a,b");
  await put(`/v1/files?name=${LONG}.csv`, `application/${LONG.slice(0, 120)}`, LONG);
  await put("/v1/secrets/NOT_DECLARED", "application/json", '{"value":"x"}');
  const { items } = await full.get("/v1/files?limit=1");
  return items[0].fileId;
}

/** A place, where `:name` is an id of that name; what it shows; what is clicked then, and what that opens. */
type Screen = readonly [place: string, shown: string, click?: string, opened?: string];

const EMPTY: readonly Screen[] = [
  ["#/run", "select", "text=Job settings", "text=Webhook URL"],
  ["#/destinations", "text=No job has brought a webhook yet"],
  ["#/deliveries", "text=Nothing was sent yet"],
  ["#/plugins", "tbody tr:nth-child(5)"],
  ["#/batches", "text=No batch was submitted yet"],
  ["#/schedules", "text=There is no schedule"],
  ["#/schedules?new=1", ".next-slots li", "text=Rules", "text=Late by at most"],
  ["#/limits", "text=No plugin declares a limit"],
  ["#/files", "text=There are no files yet"],
  ["#/secrets", "text=No plugin declares a secret", "text=Set a secret", "dialog"],
  ["#/system", "text=No token was added"],
];

/** Destinations that fail, plugins that fail or cannot be loaded, and long names. */
const FULL: readonly Screen[] = [
  ["#/destinations", "tbody tr", "text=Register a webhook", "dialog"],
  ["#/webhooks/:webhook", "tbody tr", "text=Edit", "dialog"],
  ["#/webhooks/:paused", ".notice", "text=Send failed", "dialog"],
  ["#/destinations/:origin", "tbody tr"],
  ["#/deliveries", "tbody tr:nth-child(3)"],
  ["#/deliveries/:dead", ".attempts li"],
  ["#/deliveries/:retrying", ".attempts li"],
  ["#/run?plugin=csv-profile", "#input_text", "text=Options", "#options-0_header"],
  ["#/run?plugin=zip", "#input_texts_readme\\.txt"],
  ["#/run?job=:job", "text=Filled in from"],
  ["#/run?plugin=xml-to-json", "text=Attach a file", "text=Attach a file", ".choose-file li"],
  ["#/run?job=:withFile", ".attached b:has-text('a-long')"],
  ["#/run?file=:file", ".notice:has-text('Choose a plugin')"],
  ["#/plugins", ".broken"],
  ["#/plugins/fails", ".mini-bars"],
  ["#/plugins/text-chunk", ".schema", "text=JSON Schema >> nth=-1", ".raw[open]"],
  ["#/plugins/torn", ".notice"],
  ["#/batches", "tbody tr"],
  ["#/batches/:batch", "tbody tr"],
  ["#/schedules", "tbody tr"],
  ["#/schedules/failing", "tbody tr", "text=Remove…", "dialog"],
  ["#/schedules/failing?edit=1", ".next-slots li", "text=At an interval", "text=Every"],
  [`#/limits?name=${LONG_LIMIT}`, ".limit-keys li", "text=Numbers…", "dialog"],
  ["#/limits", "text=paused until", "[aria-expanded] .name", ".limit-keys li"],
  ["#/jobs/:waits", "text=See the limit"],
  ["#/plugins/limited", "dd:has-text('5 at a time')"],
  ["#/files", "tbody tr:nth-child(2)", "[aria-label^=Delete]", "dialog"],
  ["#/secrets", ".state:has-text('missing')", "text=Replace", "dialog"],
  ["#/system", "tbody tr", "text=Add a token", "dialog"],
];

describe.each(LOOKS)("everybody can use, %s,", (_look, options) => {
  describe.each([
    ["an empty daemon's", () => empty, EMPTY],
    ["a full daemon's", () => full, FULL],
  ] as const)("%s", (_of, daemon, screens) => {
    let opened: OpenedConsole;
    beforeAll(async () => {
      opened = await openConsole(browser, daemon(), options);
    });
    afterAll(() => opened?.context.close());

    test.for(screens)("%s", async ([place, shown, click, openedBy]) => {
      const { page, goTo, complaints } = opened;
      await goTo(place.replace(/:(\w+)/, (_match, name: keyof typeof ids) => ids[name]));
      await page.waitForSelector(shown);
      await expectUsable(page);
      if (click !== undefined && openedBy !== undefined) {
        await page.click(click);
        await page.waitForSelector(openedBy);
        await expectUsable(page);
        if (openedBy === "dialog" || openedBy === ".choose-file li")
          await page.keyboard.press("Escape");
      }
      expect(complaints).toEqual([]);
    });
  });
});

async function expectUsable(page: Page): Promise<void> {
  expect(await violationsOn(page)).toEqual([]);
  expect(await overflowOf(page)).toBe(0);
}
