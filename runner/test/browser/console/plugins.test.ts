import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    plugins: {
      halves: {
        input: 'z.object({ n: z.number().min(2).describe("An even `number`.") })',
        run: 'async ({ n }) => { if (n % 2 === 1) throw new Error("odd"); return n / 2; }',
      },
    },
  });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

const becomes = (status: string): Promise<unknown> =>
  until(`a ${status} plugin`, async () => {
    const { items } = await daemon.get("/v1/plugins");
    return items.find((each: object) => "name" in each && each.name === "torn")?.status === status;
  });

test("a broken plugin is named with the file and line of its error, and can run again when it is fixed", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/plugins");
  await page.waitForSelector("a:has-text('halves')");
  const file = join(daemon.pluginsDir, "torn.ts");
  const start =
    'import { definePlugin } from "playground-runner/plugin";\nexport default definePlugin({\n';
  await writeFile(file, `${start}  name: "torn",\n  run: async ( => 1,\n});\n`);
  await becomes("broken");
  await page.reload();
  await page.waitForSelector("nav :text('1 broken')");
  await page.click("a:has-text('torn')");
  await page.waitForSelector("h1 + .state:has-text('broken')");
  expect(await page.textContent(".notice .answer")).toMatch(/torn\.ts:4/);
  expect(await page.locator("main a:text-is('Run')").count()).toBe(0);
  await writeFile(
    file,
    `${start}  name: "torn",\n  description: "Whole.",\n  run: async () => 1,\n});\n`,
  );
  await becomes("ready");
  await page.reload();
  await page.waitForSelector("h1 + .state:has-text('ready')");
  expect(complaints).toEqual([]);
  await context.close();
});

test("a plugin's page has its schema in words, its runs by hour, its newest jobs, and a button to run it", async () => {
  for (const n of [2, 3, 4, 5])
    await daemon.post("/v1/jobs", { plugins: ["halves"], input: { n } });
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/plugins/halves");
  await page.waitForSelector("dd:has-text('4') >> text=2 failed, 50%");
  await page.waitForSelector(".mini-bars[aria-label='4 runs, 2 failed, by hour']");
  expect(await page.textContent(".schema")).toBe("n number, requiredAn even number.at least 2");
  expect(await page.textContent(".schema dd code")).toBe("number");
  await page.waitForSelector("tbody tr:nth-child(4) .state");
  await page.click("main a:text-is('Run')");
  await page.waitForSelector("#input_n");
  expect(complaints).toEqual([]);
  await context.close();
});
