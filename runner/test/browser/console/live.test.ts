import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole, openTab } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { startPathProxy, type PathProxy } from "../../support/path-proxy.ts";
import { until } from "../../support/until.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());

const PLUGINS = { quick: "async (input) => input" };

/** A daemon behind a proxy under `/tools/playground`. */
async function startBehind(keepsPath: boolean): Promise<{ daemon: Daemon; proxy: PathProxy }> {
  const proxy = await startPathProxy({ path: "/tools/playground", keepsPath });
  const env = { PLAYGROUND_PUBLIC_URL: proxy.url };
  const daemon = await startDaemon({ env, plugins: PLUGINS });
  proxy.target = daemon.url;
  return { daemon, proxy };
}

test.each([
  ["removes the path", false],
  ["keeps the path", true],
])("the console works behind a proxy that %s", async (_, keepsPath) => {
  const { daemon, proxy } = await startBehind(keepsPath);
  const { url } = proxy;
  const { page, complaints, context } = await openConsole(browser, { url, token: daemon.token });
  await page.click("li:has-text('Add up orders') >> text=Run it");
  await page.waitForSelector("h1 + .state:has-text('completed')");
  await page.waitForSelector(".connection.live");
  await page.click("nav >> text=Jobs");
  await page.waitForSelector("text=first-query");
  expect(page.url()).toBe(`${url}/#/jobs`);
  expect(complaints).toEqual([]);
  await context.close();
  await Promise.all([daemon.close(), proxy.close()]);
});

test("a cut stream is noticed and polled instead, and taken up again", async () => {
  const { daemon, proxy } = await startBehind(false);
  const { page, context, goTo } = await openConsole(browser, {
    url: proxy.url,
    token: daemon.token,
  });
  await daemon.post("/v1/jobs", { plugins: ["quick"], name: "earlier" });
  await goTo("#/jobs");
  await page.waitForSelector("text=earlier");
  await page.waitForSelector(".connection.live");
  proxy.cutStreams();
  await page.waitForSelector(".connection.polling:has-text('loads every 5 s')");
  await daemon.post("/v1/jobs", { plugins: ["quick"], name: "meanwhile" });
  await page.click("button:has-text('1 new')");
  await page.waitForSelector("text=meanwhile");
  proxy.allowStreams();
  await page.waitForSelector(".connection.live");
  await context.close();
  await Promise.all([daemon.close(), proxy.close()]);
});

test("eight tabs share one stream, and each shows what happens", async () => {
  const daemon = await startDaemon({ plugins: PLUGINS });
  const first = await openConsole(browser, daemon);
  await daemon.post("/v1/jobs", { plugins: ["quick"], name: "earlier" });
  const tabs = [first];
  while (tabs.length < 8) tabs.push(await openTab(first.context, daemon.url));
  for (const { page, goTo } of tabs) {
    await goTo("#/jobs");
    await page.waitForSelector("text=earlier");
    await page.waitForSelector(".connection.live");
  }
  const streams = async (): Promise<number> => {
    const { limits } = await daemon.get("/v1/status");
    return limits.find(({ name }: { name: string }) => name === "streams").used;
  };
  expect(await streams()).toBe(1);
  await daemon.post("/v1/jobs", { plugins: ["quick"], name: "after" });
  for (const { page } of tabs) await page.waitForSelector("button:has-text('1 new')");
  // The tab that reads closes, and another one takes over.
  for (const { page } of tabs.slice(0, -1)) await page.close();
  await until("the last tab to read", async () => (await streams()) === 1);
  await daemon.post("/v1/jobs", { plugins: ["quick"], name: "later" });
  await tabs.at(-1)?.page.waitForSelector("button:has-text('2 new')");
  await first.context.close();
  await daemon.close();
});
