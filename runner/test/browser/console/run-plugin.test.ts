import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";

let daemon: Daemon;
let browser: Browser;
let receiver: Receiver;

const ORDER_SCHEMA = `z.object({
  id: z.number().describe("Number of the order, such as \`7\`."),
  note: z.string().optional(),
  tags: z.array(z.string()).optional(),
  address: z.object({ city: z.string() }).optional(),
  paid: z.boolean().default(true),
  kind: z.enum(["new", "old"]).default("new"),
  anything: z.unknown().optional(),
})`;

beforeAll(async () => {
  browser = await startChromium();
  [daemon, receiver] = await Promise.all([
    startDaemon({
      plugins: {
        order: { input: ORDER_SCHEMA, run: "async (input) => input" },
        slow: 'async (input, ctx) => { ctx.progress(0.5, "half of it"); await sleep(600_000, undefined, { signal: ctx.signal }); }',
      },
    }),
    createReceiver(),
  ]);
});
afterAll(() => Promise.all([browser?.close(), daemon?.close(), receiver?.close()]));

/** The text of the input of the newest job, as the daemon stores it. */
async function newestInput(): Promise<string> {
  const { items } = await daemon.get("/v1/jobs?limit=1");
  return (await daemon.request(`/v1/jobs/${items[0].jobId}/input`)).text();
}

test("a plugin's form has its example and its defaults, and what is changed is what runs", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/plugins");
  await page.click("[aria-label='Run text-chunk']");
  await page.waitForSelector("h1:has-text('Run a plugin')");
  expect(await page.inputValue("#input_text")).toContain("Playground runs plugins.");
  await page.fill("#input_text", "One sentence. And another one.");
  await page.click("summary:has-text('Options')");
  expect(await page.inputValue("#options-0_maxTokens")).toBe("12");
  expect(await page.getAttribute("#options-0_language", "placeholder")).toBe("en");
  await page.selectOption("#options-0_by", { label: "tokens" });
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result .state:has-text('completed')");
  expect(await page.textContent(".result .json")).toContain("One sentence.");
  const { items } = await daemon.get("/v1/jobs?plugin=text-chunk");
  const job = await daemon.get(`/v1/jobs/${items[0].jobId}`);
  // A default is shown but not sent.
  expect(job.steps[0].options).toEqual({ by: "tokens", maxTokens: 12, overlapTokens: 6 });
  expect(complaints).toEqual([]);
  await context.close();
});

test("texts, numbers, lists, objects, choices and any JSON have fields", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=order");
  await page.fill("#input_id", "7.50");
  expect(await page.inputValue("#input_id")).toBe("7.50");
  await page.fill("#input_note", "two\nlines");
  const tags = page.locator("fieldset:has(> legend:text-is('tags'))");
  for (const [index, tag] of ["a", "b", "c"].entries()) {
    await tags.locator("text=Add an item").click();
    await page.fill(`#input_tags_${index}`, tag);
  }
  await page.click("[aria-label='Remove item 2']");
  await page.fill("#input_address_city", "Berlin");
  await page.uncheck("#input_paid");
  await page.selectOption("#input_kind", { label: "old" });
  await page.fill("#input_anything", '{ "a": [1, 1577134800018226901] ');
  expect(await page.textContent(".form-field:has(#input_anything)")).toContain("not JSON");
  await page.fill("#input_anything", '{ "a": [1, 1577134800018226901] }');
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result .state:has-text('completed')");
  expect((await newestInput()).replace(/\s/g, "")).toBe(
    '{"id":7.5,"note":"two\\nlines","tags":["a","c"],"address":{"city":"Berlin"},"paid":false,"kind":"old","anything":{"a":[1,1577134800018226901]}}',
  );
  expect(complaints).toEqual([]);
  await context.close();
});

test("a form filled in from an earlier job keeps its large integers, plugins and settings", async () => {
  const webhook = { url: `${receiver.url}/own`, headers: { "x-key": "secret" }, on: ["failed"] };
  const response = await daemon.request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `{"plugins":["order",{"name":"json-query","options":{"expression":"id"}}],
      "input":{"id":1577134800018226901,"note":"old"},"name":"orders",
      "metadata":{"trace":9007199254740993},"webhook":${JSON.stringify(webhook)}}`,
  });
  const { jobId } = (await response.json()) as { jobId: string };
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo(`#/run?job=${jobId}`);
  expect(await page.inputValue("#input_id")).toBe("1577134800018226901");
  expect(await page.inputValue("[aria-label='Plugin 2']")).toBe("json-query");
  await page.fill("#input_note", "new");
  // The values of headers are secret, so they must be entered again.
  await page.click("button:text-is('Run')");
  expect(await page.textContent("[role=alert]")).toContain('The header "x-key:" must be');
  await page.getByLabel("Webhook headers").fill("x-key: another");
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result .state:has-text('completed')");
  expect((await newestInput()).replace(/\s/g, "")).toBe('{"id":1577134800018226901,"note":"new"}');
  const { items } = await daemon.get("/v1/jobs?limit=1");
  const text = await (await daemon.request(`/v1/jobs/${items[0].jobId}`)).text();
  expect(text).toContain('"trace":9007199254740993');
  expect(JSON.parse(text)).toMatchObject({
    name: "orders",
    steps: [{ plugin: "order" }, { plugin: "json-query", options: { expression: "id" } }],
    webhook: { url: webhook.url, on: ["failed"] },
  });
  expect(complaints).toEqual([]);
  await context.close();
});

test("a retry policy is set, told in words, kept when the job runs again, and wrong waits are named", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=order");
  await page.fill("#input_id", "7");
  await page.click("summary:has-text('Job settings')");
  expect(await page.locator(".waits").count()).toBe(0);
  await page.getByLabel("Attempts of each step").fill("3");
  await page.getByLabel("First wait").fill("soon");
  await page.click("button:text-is('Run')");
  expect(await page.textContent("[role=alert]")).toContain('The first wait is "soon"');
  await page.getByLabel("First wait").fill("5s");
  await page.waitForSelector(".waits:has-text('runs again after 5 s and 10 s, ±20')");
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result .state:has-text('completed')");
  const { items } = await daemon.get("/v1/jobs?limit=1");
  const { retry } = await daemon.get(`/v1/jobs/${items[0].jobId}`);
  expect(retry).toMatchObject({ attempts: 3, backoff: { delayMs: 5_000, factor: 2 } });

  await goTo(`#/run?job=${items[0].jobId}`);
  expect(await page.getByLabel("Attempts of each step").inputValue()).toBe("3");
  expect(await page.getByLabel("First wait").inputValue()).toBe("5s");
  await page.getByLabel("Attempts of each step").fill("101");
  await page.click("button:text-is('Run')");
  expect(await page.textContent("[role=alert]")).toContain("/retry/attempts");
  expect(complaints.filter((text) => !text.includes("400"))).toEqual([]);
  await context.close();
});

test("the JSON tab and the form show the same value, and wrong JSON is not sent", async () => {
  const { page, goTo, context } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=order");
  await page.fill("#input_id", "1");
  const tabs = page.locator("[aria-label='Edit the input as']");
  await tabs.locator("text=JSON").click();
  expect(JSON.parse(await page.inputValue("#input-json"))).toEqual({ id: 1 });
  await page.fill("#input-json", '{ "id": 2');
  expect(await tabs.locator("text=Form").isDisabled()).toBe(true);
  await page.click("button:text-is('Run')");
  expect(await page.textContent("[role=alert]")).toContain("The input must be JSON");
  await page.fill("#input-json", '{ "id": 2 }');
  await tabs.locator("text=Form").click();
  expect(await page.inputValue("#input_id")).toBe("2");
  await context.close();
});

test("what does not fit the schema is said at the field, and the daemon's refusal in words", async () => {
  const { page, goTo, context, complaints } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=order");
  await page.fill("#input_id", "seven");
  await page.click("button:text-is('Run')");
  expect(await page.textContent("[role=alert]")).toContain('/input/id is "seven"');
  await page.waitForSelector("#input_id-help .bad-text");
  await page.fill("#input_id", "7");
  await page.waitForSelector("#input_id-help .bad-text", { state: "detached" });
  // The browser itself reports the refused request.
  expect(complaints).toEqual([expect.stringContaining("400")]);
  await context.close();
});

test("the progress of a running job is shown, and it can be cancelled", async () => {
  const { page, goTo, context, complaints } = await openConsole(browser, daemon);
  await goTo("#/run?plugin=slow");
  await page.click("text=Job settings");
  await page.getByLabel("Name", { exact: true }).fill("a slow one");
  await page.getByLabel("Metadata").fill('{ "customer": 7 }');
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".result :text('half of it')");
  expect(await page.getAttribute(".result progress", "value")).toBe("0.5");
  await page.click("text=Cancel the job");
  await page.waitForSelector(".result .state:has-text('cancelled')");
  const { items } = await daemon.get("/v1/jobs?name=a%20slow%20one");
  expect(items).toHaveLength(1);
  expect((await daemon.get(`/v1/jobs/${items[0].jobId}`)).metadata).toEqual({ customer: 7 });
  expect(complaints).toEqual([]);
  await context.close();
});

test("a token that can only read is not offered to run a plugin", async () => {
  const { token } = await daemon.post("/v1/tokens", { name: "reader", scope: "read" });
  const { page, goTo, context } = await openConsole(browser, { url: daemon.url, token });
  await goTo("#/run?plugin=order");
  await page.waitForSelector("text=Your token can only read");
  await goTo("#/plugins");
  await page.waitForSelector("a:has-text('text-chunk')");
  expect(await page.locator("[aria-label='Run text-chunk']").count()).toBe(0);
  await context.close();
});
