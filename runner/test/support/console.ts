/** The console in Chromium, logged in, with everything that the browser complains about. */
import axe from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import type { Daemon } from "./daemon.ts";

export interface OpenedConsole {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings of the browser's console, such as a blocked script, and script errors. */
  readonly complaints: string[];
  /** Opens a place of the console, such as `#/jobs`. */
  goTo: (place: string) => Promise<void>;
}

/** Opens the console and logs in as a person does. */
export async function openConsole(
  browser: Browser,
  daemon: Pick<Daemon, "url" | "token">,
  options: BrowserContextOptions = {},
): Promise<OpenedConsole> {
  const context = await browser.newContext(options);
  const opened = await openTab(context, daemon.url);
  await opened.page.fill("input[name=token]", daemon.token);
  await opened.page.click("text=Log in");
  await opened.page.waitForSelector("nav[aria-label=Main]");
  return opened;
}

/** Another tab of the same browser. */
export async function openTab(context: BrowserContext, url: string): Promise<OpenedConsole> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => void complaints.push(error.message));
  const base = url.endsWith("/") ? url : `${url}/`;
  await page.goto(base);
  return {
    page,
    context,
    complaints,
    async goTo(place) {
      await page.goto(base + place);
      // The event of a change of place comes later: a second change before it would undo the first.
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
    },
  };
}

export interface Violation {
  readonly rule: string;
  readonly targets: string;
}

/** The looks in which every screen is checked: a name, and the options of a browser's context. */
export const LOOKS = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }],
  ["on a phone", { colorScheme: "light", viewport: { width: 390, height: 844 } }],
] as const;

/** What axe finds on the page as it is now, by the rules of WCAG 2.2 AA and its best practices. */
export async function violationsOn(page: Page): Promise<readonly Violation[]> {
  // Passed as text, because the project's other code does not have the browser's types.
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({
    rule: id,
    targets: nodes.slice(0, 5).map(({ target, failureSummary }) =>
      target.join(" ") + ": " + failureSummary.split("\\n").slice(1, 3).join(" ")).join(" | "),
  })))`);
}

/** Width that the page needs beyond the window, in CSS pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
}
