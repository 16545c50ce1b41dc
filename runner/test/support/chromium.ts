import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts the system's Chromium with an empty, temporary profile. */
export function startChromium(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(
      `There is no Chromium at ${EXECUTABLE}: install it (apt-get install chromium), or set CHROMIUM to its path.`,
    );
  }
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
}

export interface OpenedPage {
  readonly page: Page;
  /** The console's errors and warnings (blocked by the policy, for example), and script errors. */
  readonly complaints: string[];
}

/** Opens the address in a new browser context, as a first-time visitor does. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => void complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}

/** The computed style properties of the first element that matches the selector. */
export function stylesOf<Name extends string>(
  page: Page,
  selector: string,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  // Passed as text, because the project's other code does not have the browser's types.
  return page.evaluate(`(() => {
    const style = getComputedStyle(document.querySelector(${JSON.stringify(selector)}));
    return Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, style[name]]));
  })()`);
}

/** The width of the page's content and of the visible area, in CSS pixels. */
export function widthsOf(page: Page): Promise<{ content: number; window: number }> {
  return page.evaluate(
    "({ content: document.documentElement.scrollWidth, window: document.documentElement.clientWidth })",
  );
}
