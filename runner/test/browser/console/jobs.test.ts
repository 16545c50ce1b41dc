import { writeFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole, type OpenedConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";

let daemon: Daemon;
let browser: Browser;
let opened: OpenedConsole;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    plugins: {
      quick: "async (input) => input",
      fails: 'async () => { throw new Error("no field total in row 311"); }',
      waits:
        "async (input, ctx) => { while (!existsSync(input.until)) { ctx.signal.throwIfAborted(); await sleep(5); } }",
    },
  });
  for (let index = 0; index < 60; index++) {
    await daemon.post("/v1/jobs", { plugins: ["quick"], name: `quick-${index}`, input: { index } });
  }
  for (const name of ["import-a", "import-b", "export-c"]) {
    await daemon.post("/v1/jobs", { plugins: ["quick", "fails"], name });
  }
  await untilFailed(3);
  opened = await openConsole(browser, daemon);
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

async function untilFailed(count: number): Promise<void> {
  await until(`${count} failed jobs`, async () => {
    const { items } = await daemon.get("/v1/jobs?status=failed&limit=500");
    return items.length === count;
  });
}

async function rows(count: number): Promise<void> {
  const found = opened.page.locator("tbody tr");
  await until(`${count} rows`, async () => (await found.count()) === count);
}

test("the filter is the address: state, plugin and the beginning of the name", async () => {
  const { page, goTo, complaints } = opened;
  await goTo("#/jobs");
  await page.waitForSelector("text=quick-59");
  await page.check(".states input >> nth=3", { force: true });
  await page.waitForSelector("text=quick-59", { state: "detached" });
  expect(page.url()).toContain("status=failed");
  await page.fill("label:has-text('Name begins with') input", "import");
  await page.waitForSelector("text=export-c", { state: "detached" });
  await rows(2);
  await page.goBack();
  await page.waitForSelector("text=export-c");
  await page.reload();
  await page.waitForSelector("text=export-c");
  await rows(3);
  await page.click("text=Clear");
  await page.waitForSelector("text=quick-59");
  await page.selectOption("label:has-text('Plugin') select", "fails");
  await page.waitForSelector("text=quick-59", { state: "detached" });
  await rows(3);
  expect(complaints).toEqual([]);
});

test("jobs are found by what became of their events", async () => {
  const { page, goTo, complaints } = opened;
  const webhook = { url: "http://127.0.0.1:9/", retries: 0 };
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["quick"], name: "unheard", webhook });
  await until("an event is given up", async () => {
    const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}&state=dead`);
    return items.length > 0;
  });
  await goTo("#/jobs");
  await page.waitForSelector("text=quick-59");
  await page.click("text=More");
  await page.selectOption("label:has-text('An event is') select", "dead");
  await page.waitForSelector("text=quick-59", { state: "detached" });
  expect(page.url()).toContain("deliveryState=dead");
  expect(await page.locator("tbody tr").allTextContents()).toEqual([
    expect.stringContaining("unheard"),
  ]);
  await page.reload();
  await page.waitForSelector("text=unheard");
  expect(await page.inputValue("label:has-text('An event is') select")).toBe("dead");
  expect(complaints).toEqual([]);
});

test("jobs are found by values in their metadata, which the reader types as the address has them", async () => {
  const { page, goTo, complaints } = opened;
  for (const [name, metadata] of Object.entries({
    "of-acme": { customer: { id: "acme" }, plan: "pro and more" },
    "of-globex": { customer: { id: "globex" }, plan: "pro and more" },
  }))
    await daemon.post("/v1/jobs", { plugins: ["quick"], name, metadata });
  await goTo("#/jobs?meta.plan=pro+and+more");
  await page.waitForSelector("tbody tr >> text=of-acme");
  await rows(2);
  const input = "label:has-text('Metadata') input";
  expect(await page.inputValue(input)).toBe("plan=pro and more");
  await page.fill(input, "plan=pro and more  customer.id=globex");
  await page.waitForSelector("text=of-acme", { state: "detached" });
  await rows(1);
  await page.fill(input, "plan");
  await page.waitForSelector("tbody tr >> text=of-acme");
  expect(await page.inputValue(input)).toBe("plan");
  expect(page.url()).not.toContain("meta");
  expect(complaints).toEqual([]);
});

test("a tag of a job leads to the jobs that have it, and several narrow the list", async () => {
  const { page, goTo, complaints } = opened;
  const request = { plugins: ["quick"], tags: ["nightly"] };
  await daemon.post("/v1/jobs", { ...request, name: "tagged-a" });
  const { jobId } = await daemon.post("/v1/jobs", {
    ...request,
    name: "tagged-b",
    tags: ["nightly", "customer:7"],
  });
  await goTo(`#/jobs/${jobId}`);
  await page.waitForSelector(".state:has-text('completed')");
  await page.click(".facts .tag:has-text('nightly')");
  await page.waitForSelector("text=tagged-a");
  expect(page.url()).toContain("#/jobs?tag=nightly");
  await rows(2);
  await page.focus("label:has-text('Tags') input");
  await page.keyboard.press("End");
  await page.keyboard.type(", customer:8");
  await page.waitForSelector("text=No job matches");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("7");
  await page.waitForSelector("tbody tr:has-text('tagged-b')");
  expect(await page.inputValue("label:has-text('Tags') input")).toBe("nightly, customer:7");
  await rows(1);
  expect(await page.locator("tbody tr .tag").allTextContents()).toEqual(["customer:7", "nightly"]);
  await page.click("text=Clear");
  await page.waitForSelector("text=quick-59");
  expect(await page.inputValue("label:has-text('Tags') input")).toBe("");
  expect(complaints).toEqual([]);
});

test("a job that is run again has the tags of the first", async () => {
  const { page, goTo } = opened;
  const given = { plugins: ["quick"], name: "again", tags: ["monthly", "customer:8"] };
  const { jobId } = await daemon.post("/v1/jobs", given);
  await goTo(`#/jobs/${jobId}`);
  await page.click("text=Run again");
  await page.waitForSelector("label:has-text('Tags') input");
  expect(await page.inputValue("label:has-text('Tags') input")).toBe("customer:8 monthly");
  await page.fill("label:has-text('Tags') input", "customer:8, monthly second");
  await page.click("button:text-is('Run')");
  await page.click("text=Open the job");
  await page.waitForSelector(".facts .tag:has-text('second')");
  const { items } = await daemon.get("/v1/jobs?tag=second&tag=monthly");
  expect(items).toMatchObject([{ name: "again", tags: ["customer:8", "monthly", "second"] }]);
});

test("the search finds a job by its id, and jobs by the beginning of a name", async () => {
  const { page, goTo } = opened;
  const { items } = await daemon.get("/v1/jobs?name=import-a");
  await goTo("#/");
  await page.fill("#search", items[0].jobId);
  await page.press("#search", "Enter");
  await page.waitForSelector("h1:has-text('import-a')");
  await goTo("#/jobs");
  await page.fill("#search", "export");
  await page.press("#search", "Enter");
  await page.waitForSelector("text=import-a", { state: "detached" });
  expect(await page.textContent("tbody")).toContain("export-c");
});

test("older jobs are pages by cursor, and back is the page before", async () => {
  const { page, goTo } = opened;
  await goTo("#/jobs");
  await page.waitForSelector("text=quick-59");
  await page.click("text=Older jobs");
  await page.waitForSelector("text=quick-0");
  await page.click("text=Newest");
  await page.waitForSelector("text=quick-59");
});

test("a job changes in its row, and new jobs are counted until one asks for them", async () => {
  const { page, goTo, complaints } = opened;
  const file = `${daemon.dataDir}/go`;
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["waits"], input: { until: file } });
  await goTo("#/");
  await page.waitForSelector(`tr:has-text('${jobId}') .state:has-text('running')`);
  await page.waitForSelector(".connection.live");
  const before = await page.locator("tbody tr .id").allTextContents();
  await daemon.post("/v1/jobs", { plugins: ["quick"], name: "newcomer" });
  await page.waitForSelector("button:has-text('1 new')");
  expect(await page.locator("tbody tr .id").allTextContents()).toEqual(before);
  await writeFile(file, "");
  await page.waitForSelector(`tr:has-text('${jobId}') .state:has-text('completed')`);
  await page.click("button:has-text('1 new')");
  await page.waitForSelector("tbody tr:first-child:has-text('newcomer')");
  expect(complaints).toEqual([]);
});

test("the events of selected jobs are sent again, those that were given up", async () => {
  let isDown = true;
  const receiver = await createReceiver((_, response) => {
    response.statusCode = isDown ? 400 : 200;
    response.end();
  });
  onTestFinished(() => receiver.close());
  const webhook = { url: receiver.url, retries: 0, on: ["completed"] };
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["quick"], name: "unsent", webhook });
  const untilEvent = (state: string) =>
    until(`the event to be ${state}`, async () => {
      const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}&state=${state}`);
      return items.length === 1;
    });
  await untilEvent("dead");
  isDown = false;
  const { page, goTo, complaints } = opened;
  await goTo("#/jobs?namePrefix=unsent");
  await page.check("[aria-label='Select unsent']");
  await page.click(".selection >> text=Send events again");
  await page.click("dialog >> button:has-text('Send again 1 job')");
  await page.waitForSelector(".bulk:has-text('1 done')");
  await untilEvent("delivered");
  expect(complaints).toEqual([]);
});

test("all failures of one cause are retried from the overview", async () => {
  const { page, goTo } = opened;
  await goTo("#/");
  await page.waitForSelector(".group:has-text('no field total in row #')");
  await page.click(".group >> text=Retry all");
  await page.click("dialog >> button:has-text('Retry 3 jobs')");
  await until("six failed events", async () => {
    const { items } = await daemon.get("/v1/jobs?status=failed");
    const attempts = await Promise.all(
      items.map(({ jobId }: { jobId: string }) => daemon.get(`/v1/jobs/${jobId}/events`)),
    );
    return items.length === 3 && attempts.every((events) => events.items.length === 4);
  });
});

test("selected jobs are deleted after a question, and all that match too", async () => {
  const { page, goTo } = opened;
  await goTo("#/jobs?status=failed");
  await page.check("[aria-label='Select import-a']");
  await page.click(".selection >> text=Delete");
  await page.click("dialog >> text=Cancel");
  await page.click(".selection >> text=Delete");
  await page.click("dialog >> button:has-text('Delete 1 job')");
  await page.waitForSelector(".bulk:has-text('1 done')");
  await untilFailed(2);

  await goTo("#/jobs?namePrefix=quick");
  await page.check("[aria-label='Select all jobs on this page']");
  await page.click("text=Select all that match the filter");
  await page.click(".selection >> text=Delete");
  await page.click("dialog >> button:has-text('Delete 60 jobs')");
  await page.waitForSelector(".bulk:has-text('60 done')");
  expect((await daemon.get("/v1/jobs?namePrefix=quick")).items).toEqual([]);
});
