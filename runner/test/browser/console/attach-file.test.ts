import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    plugins: {
      reads: {
        input: "z.object({ file: z.looseObject({ $file: z.string() }) })",
        run: "async ({ file }, ctx) => (await ctx.files.open(file)).name",
      },
      anything: "async (input) => input",
    },
  });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

const PEOPLE = { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from("age\n36\n7\n") };
const upload = (page: Page) => page.setInputFiles("dialog input[type=file]", PEOPLE);
const idOfNewest = async (): Promise<string> =>
  (await daemon.get("/v1/files?limit=1")).items[0].fileId;
const newestInput = async (): Promise<unknown> => {
  const { items } = await daemon.get("/v1/jobs?limit=1");
  return (await daemon.request(`/v1/jobs/${items[0].jobId}/input`)).json();
};

test("a file is attached where the schema of a plugin takes one, and shown by its name", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=reads");
  await page.click("text=Attach a file");
  await upload(page);
  await page.waitForSelector(".attached:has-text('people.csv')");
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result .json:has-text('people.csv')");
  expect(await newestInput()).toEqual({ file: { $file: await idOfNewest() } });
  await page.click("[aria-label='Detach people.csv']");
  await page.click("text=Attach a file");
  await page.click("dialog >> button:has-text('people.csv')");
  await page.waitForSelector(".attached:has-text('people.csv')");
  expect(complaints).toEqual([]);
  await context.close();
});

test("a file stands for a path, also in the form of an earlier job", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=xml-to-json");
  await page.click("text=Attach a file");
  await upload(page);
  await page.waitForSelector(".attached:has-text('people.csv')");
  await page.waitForSelector("#input_file", { state: "detached" });
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["csv-profile"],
    input: { file: { $file: await idOfNewest() } },
  });
  await goTo(`#/run?job=${jobId}`);
  await page.waitForSelector("text=Filled in from an earlier job");
  await page.waitForSelector(".attached:has-text('people.csv')");
  await page.click("[aria-label='Detach people.csv']");
  await page.waitForSelector("#input_file");
  expect(complaints).toEqual([]);
  await context.close();
});

test("as JSON, a reference goes to the cursor, or is the whole input", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=anything");
  await page.click("text=Attach a file");
  await upload(page);
  await page.waitForSelector("dialog", { state: "detached" });
  const reference = `{"$file": "${await idOfNewest()}"}`;
  expect(await page.inputValue("#input-json")).toBe(reference);
  await page.fill("#input-json", '{ "pages": [], "n": 1 }');
  await page.evaluate('document.querySelector("#input-json").setSelectionRange(12, 12)');
  await page.click("text=Attach a file");
  await page.click("dialog >> button:has-text('people.csv') >> nth=0");
  expect(await page.inputValue("#input-json")).toBe(`{ "pages": [${reference}], "n": 1 }`);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a file of the list is run: the plugins that take one come first, and the chosen one gets it", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await daemon.request("/v1/files?name=ages.csv", {
    method: "PUT",
    headers: { "content-type": "text/csv" },
    body: PEOPLE.buffer,
  });
  await goTo("#/files");
  await page.click("[aria-label='Run a plugin with ages.csv']");
  await page.waitForSelector(".notice:has-text('Choose a plugin for ages.csv')");
  const first = page.locator("optgroup[label='Take a file']");
  expect(await first.locator("option").allInnerTexts()).toEqual(
    expect.arrayContaining(["csv-profile", "reads"]),
  );
  expect(await first.locator("option:text-is('anything')").count()).toBe(0);
  await page.selectOption("[aria-label=Plugin]", "csv-profile");
  await page.waitForSelector(".notice:has-text('The input refers to ages.csv')");
  await page.waitForSelector(".attached:has-text('ages.csv')");
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result .state:has-text('completed')");
  expect(await newestInput()).toEqual({ file: { $file: await idOfNewest() } });
  expect(complaints).toEqual([]);
  await context.close();
});

test("a file that is attached to a schedule is kept, because its jobs come later", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/schedules?new=1");
  await page.selectOption("[aria-label=Plugin]", "reads");
  await page.click("text=Attach a file");
  expect(await page.isChecked("dialog >> text=Keep until deleted")).toBe(true);
  await upload(page);
  await page.waitForSelector(".attached:has-text('people.csv')");
  const { items } = await daemon.get("/v1/files?limit=1");
  expect(items[0]).toMatchObject({ name: "people.csv", expiresAt: null });
  expect(complaints).toEqual([]);
  await context.close();
});
