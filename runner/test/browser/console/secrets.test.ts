import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";

const KEY = "-----BEGIN KEY-----\nsk-0123456789\n-----END KEY-----";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    env: { PLAYGROUND_SECRET_FROM_HERE: "x" },
    plugins: { idle: "async () => 1" },
  });
  await writeFile(
    join(daemon.pluginsDir, "signs.ts"),
    `import { definePlugin } from "playground-runner/plugin";
    export default definePlugin({ name: "signs", description: "For a test.", secrets: ["SIGNING_KEY", "FROM_HERE"],
      run: async (input, ctx) => ({ lines: ctx.secrets.SIGNING_KEY.split("\\n").length, length: ctx.secrets.SIGNING_KEY.length }) });`,
  );
  await until("the plugin to be known", async () => {
    const { secrets } = await daemon.get("/v1/secrets");
    return secrets.length === 2;
  });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

test("a missing secret names the jobs that wait for it, which run when it is set; it is replaced and removed", async () => {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["signs"] });
  await until("the job to wait", async () => {
    const { waitingFor } = await daemon.get(`/v1/jobs/${jobId}`);
    return waitingFor;
  });
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/plugins/signs");
  await page.click("text=Set its secrets");
  await page.waitForSelector("tr:has-text('SIGNING_KEY') .state:has-text('missing')");
  await page.waitForSelector("tr:has-text('FROM_HERE') >> text=PLAYGROUND_SECRET_FROM_HERE");
  const wait = "tr:has-text('SIGNING_KEY') >> text=1 job waits";
  await page.waitForSelector(wait);
  expect(await page.getAttribute(wait, "href")).toBe("#/jobs?status=queued&plugin=signs");

  await page.click("[aria-label='Set SIGNING_KEY']");
  await page.fill("dialog textarea", `${KEY}\n`);
  expect(await page.getAttribute("dialog textarea", "class")).toContain("hidden-text");
  await page.check("text=Show what I enter");
  expect(await page.getAttribute("dialog textarea", "class")).not.toContain("hidden-text");
  await page.click("text=Remove them");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector("tr:has-text('SIGNING_KEY') .state:text('set')");
  const { output } = await until("the job to run", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.status === "completed" && job;
  });
  expect(output).toEqual({ lines: 3, length: KEY.length });
  expect(await page.content()).not.toContain("sk-0123456789");

  await page.click("[aria-label='Replace SIGNING_KEY']");
  expect(await page.inputValue("dialog textarea")).toBe("");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector("dialog [role=alert]");
  await page.fill("dialog textarea", "another");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector(".toast:has-text('SIGNING_KEY is set')");

  await page.click("[aria-label='Remove SIGNING_KEY']");
  await page.waitForSelector("dialog:has-text('Jobs of signs wait until it is set again')");
  await page.click("dialog >> button:text-is('Remove')");
  await page.waitForSelector("tr:has-text('SIGNING_KEY') .state:has-text('missing')");
  // The browser itself reports the refused value.
  expect(complaints).toEqual([expect.stringContaining("400")]);
  await context.close();
});

test("a secret that no plugin declares can be set, and a wrong name is refused in words", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/secrets");
  await page.click("text=Set a secret");
  await page.fill("dialog textarea", "value");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector("dialog [role=alert]:has-text('name must be given')");
  await page.fill("dialog input.mono", "api key");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector("dialog [role=alert]:has-text('such as API_KEY')");
  await page.fill("dialog input.mono", "API_KEY");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector("tr:has-text('API_KEY') >> text=no plugin declares it");
  expect(complaints).toEqual([expect.stringContaining("400")]);
  await context.close();
});

test("a token that is not an admin's has no secrets in its menu, and is told why", async () => {
  const { token } = await daemon.post("/v1/tokens", { name: "runner", scope: "run" });
  const { page, goTo, complaints, context } = await openConsole(browser, { ...daemon, token });
  await page.waitForSelector("nav >> text=Files");
  expect(await page.locator("nav >> text=Secrets").count()).toBe(0);
  await goTo("#/secrets");
  await page.waitForSelector("text=Your token cannot see secrets");
  await goTo("#/plugins/signs");
  await page.waitForSelector(".notice:has-text('SIGNING_KEY is missing')");
  expect(await page.locator("text=Set its secrets").count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
