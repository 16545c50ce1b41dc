import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole, type OpenedConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";

let daemon: Daemon;
let browser: Browser;
let receiver: Receiver;
let opened: OpenedConsole;

const HOSTILE = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;

beforeAll(async () => {
  browser = await startChromium();
  const seen = new Set<string>();
  [daemon, receiver] = await Promise.all([
    startDaemon({
      plugins: {
        quick: 'async (input, ctx) => { ctx.log.info("read it"); return input; }',
        fails: "async (input) => { throw new Error(input.why); }",
        chatty:
          "async (input, ctx) => { for (let i = 0; i < 3000; i++) ctx.log.info(`line ${i}`); if (input.waits) await sleep(600_000, undefined, { signal: ctx.signal }); return null; }",
        ticking:
          'async (input, ctx) => { const line = "a long line ".repeat(60); for (let i = 0; i < 1500; i++) ctx.log.info(line); for (;;) { ctx.log.info(line); await sleep(100, undefined, { signal: ctx.signal }); } }',
        large: 'async () => "0123456789".repeat(500_000)',
        slow: 'async (input, ctx) => { ctx.progress(0.5, "half of it"); await sleep(600_000, undefined, { signal: ctx.signal }); }',
        hostile: `async (input, ctx) => { ctx.log.warn(input.html, { html: input.html }); ctx.progress(0.1, input.html); throw new Error(input.html); }`,
      },
    }),
    // Answers 503 to the first attempt of each event sent to /flaky, and always to /dead.
    createReceiver(({ path, headers }, response) => {
      const id = String(headers["webhook-id"]);
      const isFirst = !seen.has(id);
      seen.add(id);
      if (path === "/dead" || (path === "/flaky" && isFirst)) response.statusCode = 503;
      response.end(path === "/flaky" ? "not registered" : "ok");
    }),
  ]);
  opened = await openConsole(browser, daemon);
});
afterAll(() => Promise.all([browser?.close(), daemon?.close(), receiver?.close()]));

async function submit(body: unknown): Promise<string> {
  return (await daemon.post("/v1/jobs", body)).jobId;
}

async function open(jobId: string): Promise<void> {
  await opened.goTo(`#/jobs/${jobId}`);
  await opened.page.waitForSelector(`code:has-text('${jobId}')`);
}

test("a job shows its key, and how many requests were merged into it", async () => {
  const { page } = opened;
  const dedupe = { key: "customer-7", while: "active" };
  await open(await submit({ plugins: ["quick"], dedupe }));
  await page.waitForSelector(".facts:has-text('key customer-7')");
  const debounce = { key: "shop-9", delayMs: 60_000, maxMs: 60_000 };
  await submit({ plugins: ["quick"], debounce });
  await open(await submit({ plugins: ["quick"], debounce }));
  await page.waitForSelector(".facts:has-text('debounce key shop-9 2 requests')");
});

test("a timeline tells steps, events, deliveries and every attempt's answer in order", async () => {
  const { page, complaints } = opened;
  const webhook = { url: `${receiver.url}/flaky` };
  await open(await submit({ plugins: ["quick"], name: "told", input: {}, webhook }));
  await page.waitForSelector(":nth-match(.deliveries .state.ok, 3)");
  const told = await page.locator(".timeline .what").allInnerTexts();
  const firsts = told.map((text) => text.split(/[\s]/, 1)[0]);
  expect(firsts).toEqual(["Accepted", "started", "quick", "progress", "completed"]);
  expect(told).toMatchObject({
    1: expect.stringMatching(/503[^]*not registered[^]*200[^]*after \d/),
  });
  await page.click(":nth-match(.attempt summary, 1)");
  expect(await page.textContent(".attempt[open] pre")).toBe("not registered");
  expect(await page.textContent(".log")).toContain("read it");
  await page.click("text=Events");
  expect(await page.locator(".timeline > li").count()).toBe(3);
  expect(complaints).toEqual([]);
});

test("integers are shown as they were sent", async () => {
  const { page } = opened;
  const body = `{"plugins":["quick"],"input":{"orderId":1577134800018226901,"ratio":1.50}}`;
  const response = await daemon.request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=10" },
    body,
  });
  await open(((await response.json()) as { jobId: string }).jobId);
  const input = await page.textContent(".card:has(h2:text-is('Input')) .json");
  expect(input).toContain("1577134800018226901");
});

test("a failed job says why, and is retried from the step that failed", async () => {
  const { page, complaints } = opened;
  const jobId = await submit({
    plugins: ["quick", "fails"],
    input: { why: "no total in row 311" },
  });
  await open(jobId);
  await page.waitForSelector(".notice:has-text('PLUGIN_THREW'):has-text('no total in row 311')");
  await page.click("text=Retry from fails");
  await page.waitForSelector(":nth-match(.timeline li:has(b:text-is('failed')), 2)");
  expect((await daemon.get(`/v1/jobs/${jobId}/events`)).items).toHaveLength(4);
  expect(complaints).toEqual([]);
});

test("a failed job is retried from its start: its first step runs again too", async () => {
  const { page, complaints } = opened;
  const jobId = await submit({ plugins: ["quick", "fails"], input: { why: "no total" } });
  await open(jobId);
  await page.click("text=Retry from the start");
  await page.waitForSelector(":nth-match(.timeline li:has(b:text-is('failed')), 2)");
  const { items } = await daemon.get(`/v1/jobs/${jobId}/events`);
  const kinds = items.map(({ status }: { status: string }) => status);
  expect(kinds).toEqual(["started", "progress", "failed", "progress", "failed"]);
  expect(complaints).toEqual([]);
});

test("a running job shows its progress, and is cancelled after a question", async () => {
  const { page } = opened;
  await open(await submit({ plugins: ["slow"] }));
  await page.waitForSelector(".step-progress:has-text('half of it')");
  await page.click(".top >> text=Cancel");
  await page.click("dialog >> text=Cancel the job");
  await page.waitForSelector(".top .state:has-text('cancelled')");
});

test("an event that was given up is sent again", async () => {
  const { page } = opened;
  const webhook = { url: `${receiver.url}/dead`, retries: 0, on: ["completed"] };
  await open(await submit({ plugins: ["quick"], input: {}, webhook }));
  await page.waitForSelector(".deliveries .state:has-text('given up')");
  await page.click(".deliveries >> text=Send now");
  await page.waitForSelector(":nth-match(.deliveries .attempt, 2)");
});

test("a job is copied as a command that submits it again", async () => {
  const { page, context } = opened;
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const input = { text: "it's" };
  const retry = {
    attempts: 5,
    backoff: { delayMs: 2_000, factor: 2, maxDelayMs: 60_000, jitter: 0 },
  };
  const settings = { name: "copied", metadata: { order: 7 }, timeoutMs: 90_000, retry };
  await open(await submit({ plugins: ["quick"], input, ...settings }));
  await page.click("text=Copy as curl");
  await page.waitForSelector(".toast:has-text('Copied')");
  const command = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(command).toContain(`curl -X POST '${daemon.url}/v1/jobs'`);
  expect(command).not.toContain(daemon.token);
  const env = { ...process.env, PLAYGROUND_TOKEN: daemon.token };
  const { stdout } = await promisify(execFile)("sh", ["-c", command.replace("curl", "curl -s")], {
    env,
  });
  const again = await daemon.get(`/v1/jobs/${JSON.parse(stdout).jobId}`);
  expect(again).toMatchObject({ input, ...settings });
  await page.click("text=Copy for n8n");
  await until("a node on the clipboard", async () => {
    const text = await page.evaluate<string>("navigator.clipboard.readText()");
    return text.includes("n8n-nodes-base.httpRequest");
  });
});

test("a large output stays off the page and can be downloaded whole", async () => {
  const { page } = opened;
  await open(await submit({ plugins: ["large"] }));
  const card = page.locator(".card:has(h2:text-is('Output'))");
  await card.locator("text=The download has all of it").waitFor();
  expect((await card.locator("pre").textContent())?.length).toBe(64_000);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    card.locator("a:has-text('Download')").click(),
  ]);
  const { size } = await stat(await download.path());
  expect(size).toBe(5_000_002);
});

test("the log of a job that is over is read from its beginning", async () => {
  const { page } = opened;
  const jobId = await submit({ plugins: ["chatty"], input: {} });
  await until(
    "the end",
    async () => (await daemon.get(`/v1/jobs/${jobId}`)).status === "completed",
  );
  await open(jobId);
  await page.waitForSelector("text=3,000 lines");
  expect(await page.evaluate('document.querySelector(".log").scrollTop')).toBe(0);
});

test("on a phone, what is seldom done with a job comes after it", async () => {
  const { page } = opened;
  const size = page.viewportSize()!;
  onTestFinished(() => page.setViewportSize(size));
  await page.setViewportSize({ width: 390, height: 844 });
  await open(await submit({ plugins: ["fails"], input: { why: "it is Monday" } }));
  // The job's state can be shown before its steps.
  await page.waitForSelector(".top button:has-text('Retry from fails')");
  const shown = await page.locator(".top .page-acts :is(button, a):visible").allTextContents();
  expect(shown).toEqual(["Run again…", "Retry from fails"]);
  expect(await page.locator(".more-acts.below button:visible").count()).toBe(3);
});

test("the long log of a running job is followed to its end", async () => {
  const { page } = opened;
  const jobId = await submit({ plugins: ["chatty"], input: { waits: true } });
  await open(jobId);
  await page.waitForSelector("text=3,000 lines");
  expect(await page.locator(".log-block").count()).toBe(15);
  await until("the end in view", () =>
    page.evaluate(
      `(() => { const log = document.querySelector(".log"); return log.scrollTop + log.clientHeight > log.scrollHeight - 40; })()`,
    ),
  );
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
});

test("a log of lines of unknown height is followed, until its reader scrolls back", async () => {
  const { page } = opened;
  const jobId = await submit({ plugins: ["ticking"], input: {} });
  await open(jobId);
  const fromEnd = (): Promise<number> =>
    page.evaluate(
      `(() => { const log = document.querySelector(".log"); return log.scrollHeight - log.scrollTop - log.clientHeight; })()`,
    );
  const shown = async (): Promise<number> =>
    Number((await page.locator(".card:has(.log) h2 + *").textContent())!.replace(/\D/g, ""));
  const untilMoreThan = (count: number): Promise<boolean> =>
    until(`more than ${count} lines`, async () => (await shown()) > count);
  await untilMoreThan(1510);
  await until("the end in view", async () => (await fromEnd()) < 40);
  // The reader leaves the end before the event of the console's own scrolling comes.
  await page.evaluate(`(() => {
    const log = document.querySelector(".log");
    log.dispatchEvent(new WheelEvent("wheel", { deltaY: -1 }));
    log.dispatchEvent(new Event("scroll"));
  })()`);
  await until("lines that are not followed", async () => (await fromEnd()) > 100);
  await page.locator(".log").hover();
  await until("the reader's place", async () => {
    await page.mouse.wheel(0, -3000);
    return (await fromEnd()) > 1000;
  });
  await untilMoreThan((await shown()) + 5);
  expect(await fromEnd()).toBeGreaterThan(1000);
  await page.locator(".log").press("End");
  await until("the end in view", async () => (await fromEnd()) < 40);
  await untilMoreThan((await shown()) + 5);
  await until("the end in view", async () => (await fromEnd()) < 40);
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
});

test("hostile names, errors, logs, metadata and answers are only text", async () => {
  const { page, complaints } = opened;
  const url = `${receiver.url}/dead?${encodeURIComponent(HOSTILE)}`;
  const jobId = await submit({
    plugins: ["hostile"],
    name: HOSTILE,
    input: { html: HOSTILE },
    metadata: { [HOSTILE]: HOSTILE },
    webhook: { url, retries: 0 },
  });
  await open(jobId);
  await page.waitForSelector(".top .state:has-text('failed')");
  await page.waitForSelector(".log:has-text('onerror')");
  for (const place of ["#/jobs", "#/"]) {
    expect(await page.locator("#console :is(img, script)").count()).toBe(0);
    await opened.goTo(place);
    await page.waitForSelector(`tr:has-text('${jobId}')`);
  }
  expect(await page.locator("#console :is(img, script)").count()).toBe(0);
  expect(await page.evaluate("window.hacked")).toBeUndefined();
  expect(complaints).toEqual([]);
});

test("a job is deleted after a question", async () => {
  const { page } = opened;
  const jobId = await submit({ plugins: ["quick"], input: {} });
  await open(jobId);
  await page.waitForSelector(".top .state:has-text('completed')");
  await page.click(".top >> text=Delete");
  await page.click("dialog >> text=Delete the job");
  await page.waitForSelector("h1:text-is('Jobs')");
  expect((await daemon.request(`/v1/jobs/${jobId}`)).status).toBe(404);
});

test("a job without payloads says since when, and offers nothing that needs them", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-console-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const first = await startDaemon({
    root,
    plugins: { fails: "async () => { throw new Error('no luck'); }" },
  });
  onTestFinished(() => first.close());
  const { jobId } = await first.post(
    "/v1/jobs",
    { plugins: ["fails"], input: "secret", metadata: { customer: 7 } },
    { prefer: "wait=30" },
  );
  await first.end("SIGTERM");
  // At its start, a daemon looks for what is too old.
  const second = await startDaemon({
    root,
    env: { PLAYGROUND_RETENTION_PAYLOAD_DAYS: "0.000001" },
  });
  onTestFinished(() => second.close());
  await until(
    "the payloads to be removed",
    async () => (await second.get(`/v1/jobs/${jobId}`)).payloadsRemovedAt !== null,
  );
  const { page, goTo, complaints } = await openConsole(browser, second);
  onTestFinished(() => page.context().close());
  await goTo(`#/jobs/${jobId}`);
  const values = page.locator("section", { hasText: "Input and output" });
  await values.waitFor();
  expect(await values.textContent()).toMatch(
    /removed on .*PLAYGROUND_RETENTION_PAYLOAD_DAYS.*cannot run again/,
  );
  const text = await page.locator("main").textContent();
  for (const shown of ["no luck", "customer", "failed"]) expect(text).toContain(shown);
  for (const hidden of ["Retry", "Run again", "Copy as curl", "Download", "nothing"]) {
    expect(text).not.toContain(hidden);
  }
  expect(complaints).toEqual([]);
});
