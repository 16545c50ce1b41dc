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
    job: { plugins: ["report"], name: "report", tags: ["customer:7", "nightly"] },
  });
  await goTo("#/");
  await goTo("#/schedules");
  await page.waitForSelector("tr:has-text('30 2 * * * Europe/Berlin') .state:has-text('active')");
  const tag = ".tag:text-is('customer:7')";
  expect(await page.getAttribute(`tr ${tag}`, "href")).toBe("#/jobs?tag=customer%3A7");
  await page.click("a.name:has-text('nightly')");
  await page.waitForSelector("h1 + .state:has-text('active')");
  const next = await page.locator(".next-slots li").allInnerTexts();
  expect(next).toHaveLength(5);
  for (const text of next) expect(text).toMatch(/^\w{3}, \d+ \w{3} \d{4}, 02:30 CES?T$/);
  await page.waitForSelector(`.card:has-text('Its job') ${tag}`);

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

test("a schedule that someone else creates appears by itself, although the stream does not tell it", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/schedules");
  await page.waitForSelector("text=There is no schedule");
  const job = { plugins: ["report"] };
  await daemon.post("/v1/schedules", { key: "of-another", cron: "0 4 * * *", job });
  await page.waitForSelector("tr:has-text('of-another')");
  await daemon.request("/v1/schedules/of-another", { method: "DELETE" });
  expect(complaints).toEqual([]);
  await context.close();
});

/** What the browser says when the daemon refuses a request, which these tests want. */
const REFUSED = /the server responded with a status of (400|412)/;
const unexpected = (complaints: readonly string[]) =>
  complaints.filter((text) => !REFUSED.test(text));

test("a schedule is made with a form that shows its next slots, and what is wrong at its field", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/schedules");
  await page.click("text=New schedule");
  await page.waitForSelector("h1:has-text('New schedule')");
  await page.fill("label:text-is('Time zone')", "Europe/Berlin");
  await page.fill("label:text-is('Cron')", "61 * * * *");
  await page.waitForSelector(
    ".field:has-text('Cron') .bad-text:has-text('a value is out of range')",
  );
  expect(await page.getAttribute("input.mono", "aria-invalid")).toBe("true");
  await page.fill("label:text-is('Cron')", "15 6 * * 1");
  await page.waitForSelector(".next-slots li:nth-child(5)");
  for (const text of await page.locator(".next-slots li").allInnerTexts()) {
    expect(text).toMatch(/^Mon, \d+ \w+ \d{4}, 06:15 CES?T$/);
  }
  await page.selectOption("[aria-label=Plugin]", "report");
  await page.click("summary:has-text('Rules')");
  await page.fill("label:text-is('Jitter')", "soon");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".field:has-text('Jitter') .bad-text:has-text('It is \"soon\"')");
  await page.waitForSelector(".field:has-text('Key') .bad-text:has-text('It must be given')");
  expect(await page.evaluate("document.activeElement.placeholder")).toBe("nightly-report");
  await page.fill("label:text-is('Key')", "a b");
  await page.fill("label:text-is('Jitter')", "5m");
  await page.selectOption("text=While an earlier job runs", "allow");
  await page.fill("text=Pause after failures", "3");
  await page.click("summary:has-text('Job settings')");
  await page.fill("text=Webhook URL", "http://127.0.0.1:9/hook");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(
    ".field:has-text('Key') .bad-text:has-text('must begin with a letter')",
  );
  await page.fill("label:text-is('Key')", "weekly");
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1:has-text('weekly') + .state:has-text('active')");
  expect(await daemon.get("/v1/schedules/weekly")).toMatchObject({
    cron: "15 6 * * 1",
    timezone: "Europe/Berlin",
    overlap: "allow",
    catchUp: "latest",
    jitterMs: 300_000,
    pauseOnFailures: 3,
    job: { plugins: [{ name: "report" }], webhook: { url: "http://127.0.0.1:9/hook" } },
  });

  await goTo("#/schedules?new=1");
  await page.fill("label:text-is('Key')", "weekly");
  await page.selectOption("[aria-label=Plugin]", "report");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".field:has-text('Key') .bad-text:has-text('another schedule has')");
  expect(await daemon.get("/v1/schedules/weekly")).toMatchObject({ cron: "15 6 * * 1" });
  expect(unexpected(complaints)).toEqual([]);
  await context.close();
});

test("a schedule is edited, and what is not touched stays, also secrets and large numbers", async () => {
  const job = `{"plugins": ["report"], "input": {"id": 12345678901234567890}, "retry": {"attempts": 3},
    "webhook": {"url": "http://127.0.0.1:9/hook", "headers": {"X-Key": "hidden"}, "retries": 2}}`;
  const headers = { "content-type": "application/json" };
  const body = `{"key": "edited", "everyMs": 5400000, "catchUpWindowMs": 90000, "job": ${job}}`;
  await daemon.request("/v1/schedules", { method: "POST", headers, body });
  const before = await daemon.get("/v1/schedules/edited");
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/schedules/edited");
  await page.click("text=Edit…");
  await page.waitForSelector("text=The secrets of its webhook are not shown");
  expect(await page.inputValue("label:text-is('Every')")).toBe("90m");
  expect(await page.inputValue("text=Late by at most")).toBe("90s");
  expect(await page.inputValue("text=Webhook headers")).toBe("X-Key: ");
  await page.click("button:has-text('By cron')");
  await page.fill("label:text-is('Cron')", "0 4 * * *");
  await page.fill("label:text-is('Name') input", "early");
  expect(await page.getByLabel("Attempts of each step").inputValue()).toBe("3");
  await page.click("button:text-is('Save')");
  await page.waitForSelector("text=0 4 * * *");
  const after = await daemon.get("/v1/schedules/edited");
  expect(after).toMatchObject({ cron: "0 4 * * *", everyMs: null, catchUpWindowMs: 90_000 });
  expect(after.job).toEqual({ ...before.job, name: "early" });
  const text = await (await daemon.request("/v1/schedules/edited")).text();
  expect(text).toContain("12345678901234567890");
  await page.waitForSelector(".json:has-text('12345678901234567890')");

  await page.click("text=Edit…");
  await page.click("button:has-text('Once')");
  await page.click("button:text-is('Save')");
  await page.waitForSelector(".field:has-text('Once at') .bad-text:has-text('a date and a time')");
  await page.click("button:has-text('At an interval')");
  await page.fill("text=Webhook URL", "");
  await page.fill("label:text-is('Name') input", "");
  await page.getByLabel("First wait").fill("1m");
  await page.click("button:text-is('Save')");
  await page.waitForSelector("text=every 1 h");
  expect((await daemon.get("/v1/schedules/edited")).job).toEqual({
    ...before.job,
    webhook: null,
    name: null,
    retry: { attempts: 3, backoff: { ...before.job.retry.backoff, delayMs: 60_000 } },
  });
  expect(unexpected(complaints)).toEqual([]);
  await context.close();
});

test("what is filled in to run a plugin can be scheduled instead", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=text-chunk");
  await page.fill("#input_text", "One sentence.");
  await page.click("button:has-text('Schedule…')");
  await page.waitForSelector("h1:has-text('New schedule')");
  expect(await page.inputValue("#input_text")).toBe("One sentence.");
  await page.fill("label:text-is('Key')", "chunks");
  await page.click("button:has-text('Once')");
  await page.fill("text=Once at", "2040-01-02T03:04");
  await page.waitForSelector(".next-slots li:has-text('2 Jan 2040')");
  await page.click("button:has-text('Create')");
  await page.waitForSelector("h1:has-text('chunks')");
  expect((await daemon.get("/v1/schedules/chunks")).job).toMatchObject({
    plugins: [{ name: "text-chunk" }],
    input: { text: "One sentence." },
  });
  expect(unexpected(complaints)).toEqual([]);
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
