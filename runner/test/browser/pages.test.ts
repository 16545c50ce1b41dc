import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startChromium, stylesOf, widthsOf } from "../support/chromium.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon();
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
const LOOKS = [
  ["light", { colorScheme: "light", viewport: WIDE }],
  ["dark", { colorScheme: "dark", viewport: WIDE }],
  ["light, on a phone", { colorScheme: "light", viewport: NARROW }],
  ["dark, on a phone", { colorScheme: "dark", viewport: NARROW }],
] as const;

const BACKGROUND = { light: "rgb(247, 248, 250)", dark: "rgb(15, 17, 21)" };

function withToken(): BrowserContextOptions {
  return { extraHTTPHeaders: { authorization: `Bearer ${daemon.token}` } };
}

describe.each(LOOKS)("%s", (_, look) => {
  test("/docs has its style, fits the window, and logs no error", async () => {
    const options = { ...look, ...withToken() };
    const { page, complaints } = await openPage(browser, `${daemon.url}/docs`, options);
    expect(await stylesOf(page, "body", ["margin", "fontFamily", "backgroundColor"])).toEqual({
      margin: "0px",
      fontFamily: expect.stringMatching(/^ui-sans-serif, /),
      backgroundColor: BACKGROUND[look.colorScheme],
    });
    const { content, window } = await widthsOf(page);
    expect(content).toBe(window);
    expect(complaints).toEqual([]);
  });
});

test("the example of a schema opens", async () => {
  const { page } = await openPage(browser, `${daemon.url}/docs#SubmitJob`, withToken());
  const example = page.locator("#SubmitJob pre");
  expect(await example.isVisible()).toBe(false);
  await page.click("#SubmitJob summary");
  expect(await example.isVisible()).toBe(true);
});
