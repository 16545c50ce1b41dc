import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon } from "../../support/daemon.ts";

const MAX_SCRIPT_BYTES = 60_000;
const MAX_STYLE_BYTES = 12_000;

test("the first load is small: at most 60 kB of script and 12 kB of style, gzipped", async () => {
  const [browser, daemon] = await Promise.all([startChromium(), startDaemon()]);
  const { page } = await openConsole(browser, daemon);
  const sizes = { script: 0, stylesheet: 0 };
  page.on("response", async (response) => {
    const type = response.request().resourceType();
    if (type !== "script" && type !== "stylesheet") return;
    sizes[type] += gzipSync(await response.body()).length;
  });
  await page.reload();
  await page.waitForSelector("text=Run a first job");
  expect(sizes.script).toBeGreaterThan(10_000);
  expect(sizes.script).toBeLessThan(MAX_SCRIPT_BYTES);
  expect(sizes.stylesheet).toBeGreaterThan(2_000);
  expect(sizes.stylesheet).toBeLessThan(MAX_STYLE_BYTES);
  await Promise.all([browser.close(), daemon.close()]);
});
