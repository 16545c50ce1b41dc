import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { LOOKS, openConsole, openTab, overflowOf, violationsOn } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";

let empty: Daemon;
let full: Daemon;
let browser: Browser;
let receiver: Receiver;
let ids: Record<"failed" | "running" | "completed" | "waiting", string>;

const LONG_NAME = `a name that somebody made of a whole sentence ${"x".repeat(150)}`;

beforeAll(async () => {
  browser = await startChromium();
  [empty, full, receiver] = await Promise.all([
    startDaemon(),
    startDaemon({
      plugins: {
        quick: 'async (input, ctx) => { ctx.log.warn("row 311 is odd"); return input; }',
        fails: 'async () => { throw new Error("no field total in row 311"); }',
        slow: 'async (input, ctx) => { ctx.progress(0.5, "half of it"); await sleep(600_000, undefined, { signal: ctx.signal }); }',
      },
    }),
    createReceiver(({ path }, response) => {
      if (path === "/dead") response.statusCode = 503;
      response.end("an answer");
    }),
  ]);
  const submit = async (body: object): Promise<string> => (await full.post("/v1/jobs", body)).jobId;
  const webhook = { url: `${receiver.url}/ok` };
  ids = {
    completed: await submit({ plugins: ["quick"], name: LONG_NAME, input: { id: 1 }, webhook }),
    failed: await submit({
      plugins: ["quick", "fails", "quick"],
      webhook: { url: `${receiver.url}/dead`, retries: 0 },
      metadata: { order: 7 },
    }),
    running: await submit({ plugins: ["quick", "slow"], webhook }),
    waiting: await submit({
      plugins: ["quick", "fails"],
      retry: { attempts: 5, backoff: { delayMs: 3_600_000 } },
    }),
  };
  await submit({ plugins: ["quick"], runAt: "2099-01-01T00:00:00Z", name: "scheduled" });
  await until("a failed job", async () => {
    const { items } = await full.get("/v1/jobs?status=failed");
    return items.length === 1;
  });
});
afterAll(() => Promise.all([browser?.close(), empty?.close(), full?.close(), receiver?.close()]));

describe.each(LOOKS)("%s", (_, look) => {
  test("the login and the first run can be used by everybody", async () => {
    const login = await openTab(await browser.newContext(look), empty.url);
    await login.page.waitForSelector("input[name=token]");
    expect(await violationsOn(login.page)).toEqual([]);
    const { page, context } = await openConsole(browser, empty, look);
    await page.waitForSelector("text=Run a first job");
    expect(await violationsOn(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    await context.close();
    await login.context.close();
  });

  test("the overview, the jobs, each kind of job, and dialogs can be used by everybody", async () => {
    const { page, goTo, context, complaints } = await openConsole(browser, full, look);
    const screens: readonly (readonly [place: string, shown: string])[] = [
      ["#/", ".group"],
      ["#/jobs", "tbody tr:nth-child(4)"],
      ["#/jobs?namePrefix=nothing", "text=No job matches"],
      [`#/jobs/${ids.completed}`, ".attempt"],
      [`#/jobs/${ids.failed}`, ".deliveries .state.bad"],
      [`#/jobs/${ids.running}`, ".step-progress"],
      [`#/jobs/${ids.waiting}`, ".notice:has-text('Attempt 2 begins')"],
      [`#/run?job=${ids.waiting}`, ".waits"],
      ["#/nowhere", "text=There is no such page"],
    ];
    const found: object[] = [];
    for (const [place, shown] of screens) {
      await goTo(place);
      await page.waitForSelector(shown);
      found.push(...(await violationsOn(page)).map((violation) => ({ place, ...violation })));
      const overflow = await overflowOf(page);
      if (overflow !== 0) found.push({ place, overflow });
    }
    await page.click("[aria-label=Preferences]");
    expect(await violationsOn(page)).toEqual([]);
    await page.click("text=Shortcuts");
    await page.waitForSelector("dialog");
    expect(await violationsOn(page)).toEqual([]);
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
