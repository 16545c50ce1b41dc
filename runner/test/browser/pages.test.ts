import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startChromium, stylesOf, widthsOf } from "../support/chromium.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  [daemon, browser] = await Promise.all([startDaemon(), startChromium()]);
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

function withToken(options: BrowserContextOptions): BrowserContextOptions {
  return { ...options, httpCredentials: { username: "anybody", password: daemon.token } };
}

describe.each(LOOKS)("%s", (_, look) => {
  test("/docs has the style that it was given, and the browser complains of nothing", async () => {
    const { page, complaints } = await openPage(browser, `${daemon.url}/docs`, withToken(look));
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
