import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    plugins: {
      report: "async () => 1",
      fails: 'async () => { throw new Error("no report today"); }',
    },
  });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

test("a schedule is run, paused, resumed and removed, and its slots say what became of them", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/schedules");
  await page.waitForSelector("text=There is no schedule");
  await daemon.post("/v1/schedules", {
    key: "nightly",
    cron: "30 2 * * *",
    timezone: "Europe/Berlin",
    job: { plugins: ["report"], name: "report" },
  });
  await goTo("#/");
  await goTo("#/schedules");
  await page.waitForSelector("tr:has-text('30 2 * * * Europe/Berlin') .state:has-text('active')");
  await page.click("a:has-text('nightly')");
  await page.waitForSelector("h1 + .state:has-text('active')");
  const next = await page.locator(".next-slots li").allInnerTexts();
  expect(next).toHaveLength(5);
  for (const text of next) expect(text).toMatch(/^\w{3}, \d+ \w{3} \d{4}, 02:30 CES?T$/);

  await page.click("button:has-text('Run now')");
  await page.waitForSelector(".top .state:has-text('completed')");
  await goTo("#/schedules/nightly");
  await page.waitForSelector("tr:has-text('asked for by a person') .state:has-text('completed')");
  await page.click("button:has-text('Pause')");
  await page.waitForSelector("h1 + .state:has-text('paused')");
  await page.click("button:has-text('Resume')");
  await page.waitForSelector("h1 + .state:has-text('active')");
  await page.click("button:has-text('Remove…')");
  await page.click("dialog >> button:has-text('Remove')");
  await page.waitForSelector("text=There is no schedule");
  expect(complaints).toEqual([]);
  await context.close();
});

test("a schedule that failures have paused is a problem that leads to the reason", async () => {
  await daemon.post("/v1/schedules", {
    key: "broken",
    everyMs: 3_600_000,
    pauseOnFailures: 1,
    job: { plugins: ["fails"] },
  });
  await daemon.post("/v1/schedules/broken/run", {});
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/");
  await page.click("a[href='#/schedules/broken']");
  await page.waitForSelector(".notice:has-text('no report today')");
  await page.waitForSelector("text=every 1 h");
  expect(complaints).toEqual([]);
  await context.close();
});
