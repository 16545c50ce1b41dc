import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { LOOKS, openConsole, overflowOf, violationsOn } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({ env: { PLAYGROUND_MAX_WEBHOOKS: "10" } });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

test("the daemons of a database are listed, with a silent one of another version", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/system");
  await page.waitForSelector(`text=process ${daemon.process.pid}`);
  expect(await page.locator("h2:text-is('Daemons')").count()).toBe(0);
  // Only daemons on PostgreSQL have others beside them: what this one says of itself is repeated for another.
  await page.route("**/v1/status", async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    const [own] = status.daemons;
    const other = {
      ...own,
      isThis: false,
      isUp: false,
      host: "other-".repeat(20),
      version: "0.2.0",
    };
    await route.fulfill({ response, json: { ...status, daemons: [own, other] } });
  });
  await page.reload();
  await page.waitForSelector("table[aria-label=Daemons] tr:has-text('0.2.0') >> text=silent");
  for (const [, look] of LOOKS) {
    await page.setViewportSize(look.viewport);
    await page.emulateMedia({ colorScheme: look.colorScheme });
    expect(await violationsOn(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
  }
  expect(complaints).toEqual([]);
  await context.close();
});

test("a token is added with a scope, shown once, can log in with that scope, and is removed", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/system");
  await page.click("text=Add a token");
  await page.getByLabel("Name", { exact: true }).fill("not a name");
  await page.click("dialog >> text=Add >> nth=-1");
  expect(await page.textContent("dialog [role=alert]")).toContain("letters, digits");
  await page.getByLabel("Name", { exact: true }).fill("grafana");
  await page.locator("label:has(b:text-is('read')) input").check();
  await page.click("dialog >> text=Add >> nth=-1");
  const token = (await page.textContent("dialog code")) ?? "";
  await page.click("text=I have copied it");
  await page.waitForSelector("tr:has-text('grafana') >> text=sees everything but secrets");

  const reader = await openConsole(browser, { url: daemon.url, token });
  await reader.goTo("#/system");
  await reader.page.waitForSelector("text=Memory for plugins");
  expect(await reader.page.locator("h2:text-is('Tokens')").count()).toBe(0);

  await page.click("[aria-label='Remove grafana']");
  await page.click("dialog >> text=Remove >> nth=-1");
  await page.waitForSelector("text=No token was added");
  // Its session ends too.
  await reader.page.waitForSelector("input[name=token]");
  // The browser itself reports the refused name.
  expect(complaints).toEqual([expect.stringContaining("400")]);
  await Promise.all([context.close(), reader.context.close()]);
});

test("the settings that were given are listed, the token without its value", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/system");
  await page.waitForSelector("tr:has-text('PLAYGROUND_MAX_WEBHOOKS') :text-is('10')");
  await page.waitForSelector("tr:has-text('PLAYGROUND_TOKEN') :text-is('not shown')");
  expect(await page.textContent("main")).not.toContain(daemon.token);
  expect(complaints).toEqual([]);
  await context.close();
});

test("the limits show how much of them is used, and which are near", async () => {
  for (let n = 0; n < 9; n += 1) {
    await daemon.post("/v1/webhooks", { url: `http://127.0.0.1:9/hook-${n}` });
  }
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/system");
  await page.waitForSelector(".gauge:has-text('Threads') :text('0 of 2')");
  await page.waitForSelector(".gauge.near:has-text('Webhooks') :text('90%, near the limit')");
  expect(await page.locator(".gauge.near").count()).toBe(1);
  expect(complaints).toEqual([]);
  await context.close();
});
