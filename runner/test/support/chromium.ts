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

/** The system's Chromium, with a profile that is empty and goes with it. */
export function startChromium(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(
      `There is no Chromium at ${EXECUTABLE}: install it (apt-get install chromium), or name another one in CHROMIUM.`,
    );
  }
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
}

export interface OpenedPage {
  readonly page: Page;
  /** What the browser complained of: errors and warnings on the console, what the policy blocked, errors of scripts. */
  readonly complaints: string[];
}

/** Opens the address in a context of its own, as a person would who has just heard of it. */
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

/** Properties of the first element that the selector finds, as the browser computed them. */
export function stylesOf<Name extends string>(
  page: Page,
  selector: string,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  // As text: the browser's own types are not those of the rest of the project.
  return page.evaluate(`(() => {
    const style = getComputedStyle(document.querySelector(${JSON.stringify(selector)}));
    return Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, style[name]]));
  })()`);
}

/** How far what is on the page reaches, and how far one can see, in CSS pixels. */
export function widthsOf(page: Page): Promise<{ content: number; window: number }> {
  return page.evaluate(
    "({ content: document.documentElement.scrollWidth, window: document.documentElement.clientWidth })",
  );
}
