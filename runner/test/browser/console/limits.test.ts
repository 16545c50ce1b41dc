import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";

const DOMAIN = "z.object({ domain: z.string() })";
/** A step that goes on until its job is cancelled. */
const STAYS = "async (input, { signal }) => sleep(600_000, undefined, { signal })";
const ROW = "tr:has([aria-expanded]):has-text('visits')";

let daemon: Daemon;
let browser: Browser;
/** The jobs that wait: of the key that runs, and of the key that is paused. */
let waits: { readonly same: string; readonly paused: string };

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    plugins: {
      visits: {
        input: DOMAIN,
        limits: '{ concurrency: 2, perKey: { key: "input.domain", concurrency: 1 } }',
        run: STAYS,
      },
      asks: { limits: '{ name: "a-service", rate: "10/s", burst: 20 }', run: "async () => 1" },
    },
  });
  const visit = async (domain: string): Promise<string> =>
    (await daemon.post("/v1/jobs", { plugins: ["visits"], input: { domain } })).jobId;
  await visit("a.example");
  await daemon.post("/v1/limits/visits/pause", { key: "b.example" });
  waits = { same: await visit("a.example"), paused: await visit("b.example") };
  await until("a job to run and two to wait", async () => {
    const { running, queued } = await daemon.get("/v1/limits/visits");
    return running === 1 && queued === 2;
  });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

test("a limit says what runs, waits and is declared, and shows the keys that wait", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo(`#/jobs/${waits.same}`);
  await page.click("text=See the limit");
  await page.waitForSelector("[aria-label='Keys of visits'] >> text=a.example");
  await page.waitForSelector("nav [aria-current] >> text=Limits");
  const row = await page.innerText(ROW);
  expect(row).toMatch(/jobs wait[^]*1 of 2[^]*each key: 1 at a time/);
  await page.waitForSelector(`${ROW} meter[aria-label='1 of 2 steps of visits run']`);
  await page.waitForSelector("tr:has-text('a-service') >> text=10 a second, burst 20");
  await page.waitForSelector(".limit-keys li:has-text('b.example'):has-text('is resumed')");
  const jobs = "a:has-text('Queued jobs of visits')";
  expect(await page.getAttribute(jobs, "href")).toBe("#/jobs?status=queued&plugin=visits");

  await page.click("[aria-expanded=true]");
  expect(await page.locator(".limit-keys").count()).toBe(0);
  expect(page.url()).toMatch(/#\/limits$/);
  await page.click(`${ROW} >> [href='#/plugins/visits']`);
  await page.waitForSelector("dd:has-text('2 at a time; 1 at a time for each input.domain')");
  await page.click("dd >> [href='#/limits?name=visits']");
  await page.waitForSelector("[aria-expanded=true] >> text=visits");
  expect(complaints).toEqual([]);
  await context.close();
});

test("a key and a whole limit are paused and resumed; what cannot be a time is refused at its field", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/limits?name=visits");
  await page.click("[aria-label='Pause visits']");
  await page.selectOption("dialog select >> nth=1", { label: "for another time …" });
  for (const [time, error] of [
    ["soon", "such as 90s"],
    ["9000d", "at most 366d"],
  ] as const) {
    await page.getByLabel("Time").fill(time);
    await page.click("dialog >> button:text-is('Pause')");
    await page.waitForSelector(`dialog .field:has-text('Time') .bad-text:has-text('${error}')`);
  }
  await page.getByLabel("Time").fill("2h");
  await page.click("dialog >> button:text-is('Pause')");
  await page.waitForSelector(`${ROW}:has-text('paused until') .state:has-text('paused')`);
  const { paused } = await daemon.get("/v1/limits/visits");
  expect(Date.parse(paused.until) - Date.parse(paused.since)).toBe(7_200_000);

  await page.click("[aria-label='Resume visits']");
  await page.waitForSelector(`${ROW} .state:has-text('jobs wait')`);
  await page.click("[aria-label='Resume the key b.example']");
  await until("the job of the key to run", async () => {
    const { status } = await daemon.get(`/v1/jobs/${waits.paused}`);
    return status === "running";
  });
  await page.waitForSelector(`${ROW} >> text=2 of 2`);

  await page.click("[aria-label='Pause the key a.example']");
  expect(await page.getByLabel("Key", { exact: true }).inputValue()).toBe("a.example");
  await page.selectOption("dialog select >> nth=1", { label: "until it is resumed" });
  await page.click("dialog >> button:text-is('Pause')");
  await page.waitForSelector(".limit-keys li:has-text('a.example'):has-text('is resumed')");
  await page.waitForSelector(`${ROW} >> text=1 key is paused`);
  await daemon.post("/v1/limits/visits/resume", { key: "a.example" });
  expect(complaints).toEqual([]);
  await context.close();
});

test("other numbers count beside the declared ones, until they are given back", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/limits?name=visits");
  await page.click("[aria-label='Set other numbers for visits']");
  const all = page.locator("dialog fieldset >> nth=0");
  const perKey = page.locator("dialog fieldset >> nth=1");
  expect(await all.getByLabel("At a time").getAttribute("placeholder")).toBe("2");
  await all.getByLabel("At a time").fill("many");
  await perKey.getByLabel("Rate").fill("often");
  await page.click("dialog >> button:text-is('Set')");
  await all.locator(".field:has-text('At a time') .bad-text:not(:empty)").waitFor();
  await perKey.locator(".field:has-text('Rate') .bad-text:has-text('10/s')").waitFor();
  await all.getByLabel("At a time").fill("8");
  await all.getByLabel("Burst").fill("5");
  await all.getByLabel("Most that wait").fill("500");
  await perKey.getByLabel("Rate").fill("30/m");
  await page.click("dialog >> button:text-is('Set')");
  await all.locator(".field:has-text('Burst') .bad-text:has-text('beside a rate')").waitFor();
  await all.getByLabel("Burst").fill("");
  await page.click("dialog >> button:text-is('Set')");
  await page.waitForSelector(`${ROW}:has-text('of 8'):has-text('declared: 2')`);
  await page.waitForSelector(`${ROW}:has-text('each key: 1 at a time, 30 a minute')`);
  const { override } = await daemon.get("/v1/limits/visits");
  expect(override).toEqual({ concurrency: 8, maxQueued: 500, perKey: { rate: "30/m" } });
  await page.waitForSelector(`${ROW}:has-text('of 500')`);

  await page.click("[aria-label='Set other numbers for visits']");
  expect(await all.getByLabel("At a time").inputValue()).toBe("8");
  await page.keyboard.press("Escape");
  await page.click("text=Back to the declared numbers");
  await page.click("dialog >> text=Cancel");
  await page.click("text=Back to the declared numbers");
  await page.click("dialog >> button:text-is('Use the declared numbers')");
  await page.waitForSelector(`${ROW}:has-text('of 2')`);
  expect(await page.locator(`${ROW} >> text=declared`).count()).toBe(0);
  expect(complaints).toEqual([expect.stringContaining("400"), expect.stringContaining("400")]);
  await context.close();
});

test("a token that is not an admin's sees limits, and has no acts", async () => {
  const { token } = await daemon.post("/v1/tokens", { name: "reader", scope: "read" });
  const { page, goTo, complaints, context } = await openConsole(browser, { ...daemon, token });
  await goTo("#/limits?name=visits");
  await page.waitForSelector(".limit-keys li:has-text('a.example')");
  expect(await page.locator("main button:not([aria-expanded])").count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
