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
  return { httpCredentials: { username: "anybody", password: daemon.token } };
}

/** Headless Chromium shows no response while a login dialog is open, so this sends a wrong token. */
function withWrongToken(): BrowserContextOptions {
  return { httpCredentials: { username: "anybody", password: "wrong" } };
}

describe.each(LOOKS)("%s", (_, look) => {
  test.each([
    ["/", "", () => ({}), []],
    ["/docs", "", withToken, []],
    ["/docs", " without the token", withWrongToken, [expect.stringContaining("status of 401")]],
  ])("%s%s has its style, fits the window, and logs no error", async (...of) => {
    const [path, , credentials, expected] = of;
    const options = { ...look, ...credentials() };
    const { page, complaints } = await openPage(browser, daemon.url + path, options);
    expect(await stylesOf(page, "body", ["margin", "fontFamily", "backgroundColor"])).toEqual({
      margin: "0px",
      fontFamily: expect.stringMatching(/^ui-sans-serif, /),
      backgroundColor: BACKGROUND[look.colorScheme],
    });
    const { content, window } = await widthsOf(page);
    expect(content).toBe(window);
    expect(complaints).toEqual(expected);
  });
});

test("a newcomer finds the API documentation from the daemon's address, and back", async () => {
  const { page } = await openPage(browser, daemon.url, withToken());
  expect(await page.textContent("h1")).toBe("Playground is running");
  await page.click("text=Open the API documentation");
  expect(page.url()).toBe(`${daemon.url}/docs`);
  expect(await page.textContent("h1")).toContain("Playground API");
  await page.click("nav .brand");
  expect(page.url()).toBe(`${daemon.url}/`);
});

test("a browser without the token gets a page that explains it, and can try again", async () => {
  const { page } = await openPage(browser, `${daemon.url}/docs`, withWrongToken());
  expect(await page.textContent("h1")).toBe("This page needs a token");
  await page.context().setHTTPCredentials({ username: "", password: daemon.token });
  await page.click("text=Try again");
  expect(await page.textContent("h1")).toContain("Playground API");
});

test("the example of a schema opens", async () => {
  const { page } = await openPage(browser, `${daemon.url}/docs#SubmitJob`, withToken());
  const example = page.locator("#SubmitJob pre");
  expect(await example.isVisible()).toBe(false);
  await page.click("#SubmitJob summary");
  expect(await example.isVisible()).toBe(true);
});
