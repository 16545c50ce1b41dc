import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";

let daemon: Daemon;
let browser: Browser;
let receiver: Receiver;

beforeAll(async () => {
  browser = await startChromium();
  [daemon, receiver] = await Promise.all([
    startDaemon({
      plugins: {
        even: 'async (n) => { if (n % 2 === 1) throw new Error("odd: " + n); return n; }',
        waits: "async (file) => { while (!existsSync(file)) await sleep(20); }",
      },
    }),
    createReceiver(),
  ]);
});
afterAll(() => Promise.all([browser?.close(), daemon?.close(), receiver?.close()]));

test("a batch appears in the list, and its page follows its jobs to the callback", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/batches");
  await page.waitForSelector("text=No batch was submitted yet");
  const gate = `${daemon.dataDir}/open`;
  const jobs = [1, 2, 3].map((input) => ({ plugins: ["even"], input, name: `row ${input}` }));
  await daemon.post("/v1/batches", {
    jobs: [...jobs, { plugins: ["waits"], input: gate }],
    webhook: { url: `${receiver.url}/batch` },
  });
  await page.waitForSelector("td:has-text('1 of 4 completed, 2 failed')");
  await page.click("a:has-text('4 jobs')");
  await page.waitForSelector("h1 + .state:has-text('running')");
  await page.waitForSelector("text=Sent when all jobs have ended");
  await page.click("[aria-label=State] >> text=failed");
  expect(await page.locator("tbody .name").allInnerTexts()).toEqual(["row 1", "row 3"]);
  expect(await page.textContent("tbody tr:last-child")).toContain("odd: 3");
  const { writeFile } = await import("node:fs/promises");
  await writeFile(gate, "");
  await page.waitForSelector("h1 + .state:has-text('failed')");
  await page.waitForSelector("tr:has-text('batch callback') .state:has-text('delivered')");
  expect(receiver.received).toHaveLength(1);
  expect(complaints).toEqual([]);
  await context.close();
});
