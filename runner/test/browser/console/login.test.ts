import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole, openTab } from "../../support/console.ts";
import { runCli } from "../../support/cli.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({ env: { PLAYGROUND_ENVIRONMENT: "production" } });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

test("a wrong token is refused in words, and the right one shows the overview", async () => {
  const { page, complaints } = await openTab(await browser.newContext(), daemon.url);
  await page.fill("input[name=token]", "wrong-token-0123456789");
  await page.click("text=Log in");
  expect(await page.textContent("[role=alert]")).toContain("not valid");
  // The browser itself reports the refused request.
  expect(complaints).toEqual([expect.stringContaining("401")]);
  await page.fill("input[name=token]", ` ${daemon.token} `);
  await page.press("input[name=token]", "Enter");
  await page.waitForSelector("h1:has-text('Overview')");
  expect(await page.title()).toBe("Overview · Playground");
  expect(await page.textContent(".environment")).toBe("production");
});

test("a one-use link logs in without typing, leaves no key in the address, and works once", async () => {
  const { stdout } = await runCli(["login-link", "--data-dir", daemon.dataDir]);
  const [, key = ""] = /#key=(\S+)/.exec(stdout) ?? [];
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${daemon.url}/#key=${key}`);
  await page.waitForSelector("h1:has-text('Overview')");
  expect(page.url()).toBe(`${daemon.url}/#/`);
  const second = await browser.newContext();
  const again = await second.newPage();
  await again.goto(`${daemon.url}/#key=${key}`);
  await again.waitForSelector("input[name=token]");
  await again.waitForSelector(".toast:has-text('was used before')");
  await Promise.all([context.close(), second.close()]);
});

test("the API documentation asks for the login first, and is shown after it", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${daemon.url}/docs`);
  await page.fill("input[name=token]", daemon.token);
  await page.click("text=Log in");
  await page.waitForSelector("h1:has-text('Playground API')");
  expect(page.url()).toBe(`${daemon.url}/docs`);
  await context.close();
});

test("no script can read the session, and logging out ends it in every tab", async () => {
  const { page, context, complaints } = await openConsole(browser, daemon);
  expect(await page.evaluate("document.cookie")).toBe("");
  const second = await openTab(context, daemon.url);
  await second.page.waitForSelector("h1:has-text('Overview')");
  await page.click("[aria-label=Preferences]");
  await page.click("text=Log out");
  await page.waitForSelector("input[name=token]");
  expect(complaints).toEqual([]);
  await second.page.waitForSelector("input[name=token]");
  await context.close();
});

test("the theme and the time zone are kept", async () => {
  const { page, context } = await openConsole(browser, daemon, { timezoneId: "Europe/Berlin" });
  expect(await page.textContent(".connection")).toContain("Times in Europe/Berlin");
  await page.click("[aria-label=Preferences]");
  await page.click("text=Dark");
  await page.click("text=UTC");
  await page.reload();
  await page.waitForSelector("text=Times in UTC");
  const style = "getComputedStyle(document.body).backgroundColor";
  expect(await page.evaluate(style)).toBe("rgb(15, 17, 21)");
  await context.close();
});

test("keys open screens and the help, but not while one types", async () => {
  const { page, context } = await openConsole(browser, daemon);
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await page.waitForSelector("h1:has-text('Jobs')");
  await page.keyboard.press("/");
  await page.keyboard.type("go?");
  expect(await page.inputValue("#search")).toBe("go?");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog:has-text('Shortcuts')");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await context.close();
});

test("what does not exist says so", async () => {
  const { page, goTo, context } = await openConsole(browser, daemon);
  await goTo("#/nowhere");
  await page.waitForSelector("text=There is no such page");
  await goTo("#/jobs/job_unknown");
  await page.waitForSelector("text=There is no such job");
  await context.close();
});
