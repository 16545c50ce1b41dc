import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";

let daemon: Daemon;
let browser: Browser;
let receiver: Receiver;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  [daemon, receiver] = await Promise.all([startDaemon(), createReceiver()]);
});
afterEach(() => Promise.all([daemon?.close(), receiver?.close()]));

test.each([
  ["Add up orders", "42.5", 3],
  ["Cut a web page", '"chunks"', 4],
  ["Read XML", '"Ada": 19.75', 4],
])("a newcomer sees %s complete, and its events delivered, after one click", async (...of) => {
  const [title, output, events] = of;
  const { page, complaints, context } = await openConsole(browser, daemon);
  await page.fill("input[type=url]", `${receiver.url}/hook`);
  await page.click(`li:has-text("${title}") >> text=Run it`);
  await page.waitForSelector("h1 + .state:has-text('completed')");
  await page.waitForSelector(`:nth-match(.deliveries .state.ok, ${events})`);
  expect(await page.textContent(".card:has(h2:text-is('Output')) .json")).toContain(output);
  expect(receiver.received.map(({ event }) => event.status)).toContain("completed");
  expect(complaints).toEqual([]);
  await context.close();
});

test("the samples stay until three jobs have run", async () => {
  const { page, goTo, context } = await openConsole(browser, daemon);
  for (const title of ["Add up orders", "Cut a web page", "Read XML"]) {
    await goTo("#/");
    await page.click(`li:has-text("${title}") >> text=Run it`);
    await page.waitForSelector("h1 + .state:has-text('completed')");
  }
  await goTo("#/");
  await page.waitForSelector("tbody tr:nth-child(3)");
  expect(await page.locator("text=Run it").count()).toBe(0);
  await context.close();
});

test("the chart is drawn again when the system turns dark", async () => {
  const { page, goTo, context } = await openConsole(browser, daemon);
  await daemon.post("/v1/jobs", { plugins: ["json-query"], input: { data: 1, expression: "$" } });
  await goTo("#/jobs");
  await goTo("#/");
  const colours = (): Promise<string> =>
    page.evaluate("document.querySelector('canvas').toDataURL()");
  await page.waitForSelector("canvas");
  const light = await colours();
  await page.emulateMedia({ colorScheme: "dark" });
  // Sooner than with the next numbers, which come after 10 s.
  await until("a chart in other colours", async () => (await colours()) !== light, {
    timeoutMs: 8_000,
  });
  await context.close();
});
