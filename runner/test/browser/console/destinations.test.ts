import type { Browser } from "playwright-core";
import { afterEach, afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { clientCertificate } from "../../support/client-certificates.ts";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { createReceiver, type Receiver } from "../../support/receiver.ts";

let daemon: Daemon;
let browser: Browser;
let receiver: Receiver;
/** What the endpoint responds with. */
let status: number;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  status = 200;
  [daemon, receiver] = await Promise.all([
    startDaemon({ plugins: { quick: "async (input) => input" } }),
    createReceiver((_, response) => {
      response.statusCode = status;
      response.end(status === 200 ? "thanks" : "closed <b>until</b> Monday");
    }),
  ]);
});
afterEach(() => Promise.all([daemon?.close(), receiver?.close()]));

const runJob = async (webhook?: object): Promise<string> =>
  (await daemon.post("/v1/jobs", { plugins: ["quick"], webhook })).jobId;

test("a webhook is registered, its secret shown once, and it is tested, paused and resumed", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/destinations");
  await page.waitForSelector("text=No webhook is registered");
  await page.click("text=Register a webhook");
  await page.getByLabel("URL").fill(`${receiver.url}/hook`);
  await page.getByLabel("started").uncheck();
  await page.getByLabel("Headers").fill("x-key: my key");
  await page.click("dialog >> text=Register >> nth=-1");
  expect(await page.textContent("dialog code")).toMatch(/^whsec_/);
  await page.click("text=I have copied it");
  await page.click(`a:has-text("${receiver.url}/hook")`);
  await page.waitForSelector("h1 + .state:has-text('active')");
  expect(await page.textContent("main")).not.toContain("whsec_");

  await page.click("text=Test");
  await page.waitForSelector("dialog li:nth-child(3) :text('thanks')");
  await page.click("text=Close");
  const [sample] = await receiver.untilReceived(3);
  expect(sample).toMatchObject({ event: { test: true }, headers: { "x-key": "my key" } });

  await page.click("text=Pause");
  await page.waitForSelector("h1 + .state:has-text('paused')");
  await runJob();
  await page.waitForSelector("td:has-text('the webhook is paused or off')");
  expect(receiver.received).toHaveLength(3);
  await page.click("text=Resume");
  await receiver.untilReceived(5);
  await page.waitForSelector(":nth-match(tbody .state:has-text('delivered'), 2)");
  expect(complaints).toEqual([]);
  await context.close();
});

test("a webhook is edited without its headers being lost, gets a new secret, and is removed", async () => {
  const { id } = await daemon.post("/v1/webhooks", {
    url: `${receiver.url}/hook`,
    headers: { "x-key": "my key" },
    ratePerSecond: 3,
  });
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo(`#/webhooks/${id}`);
  await page.click("text=Edit");
  await page.getByLabel("Only jobs named").fill("orders");
  await page.click("summary:has-text('Retries')");
  await page.getByLabel("Retries").fill("eleven");
  await page.click("text=Save");
  expect(await page.textContent("dialog [role=alert]")).toContain("/retries");
  await page.getByLabel("Retries").fill("9");
  await page.click("text=Save");
  await page.waitForSelector("dd:has-text('of jobs named orders')");
  expect(await daemon.get(`/v1/webhooks/${id}`)).toMatchObject({
    jobName: "orders",
    retries: 9,
    ratePerSecond: 3,
    headers: { "x-key": "***" },
  });

  await page.click("text=New secret…");
  await page.click("dialog >> text=Make a new secret >> nth=-1");
  expect(await page.textContent("dialog code")).toMatch(/^whsec_/);
  await page.click("text=I have copied it");
  await page.waitForSelector("dt:has-text('Old secret signs until')");

  await page.click("text=Remove…");
  await page.click("dialog >> text=Cancel");
  expect((await daemon.get("/v1/webhooks")).items).toHaveLength(1);
  await page.click("text=Remove…");
  await page.click("dialog >> text=Remove >> nth=-1");
  await page.waitForSelector("text=No webhook is registered");
  expect((await daemon.get("/v1/webhooks")).items).toEqual([]);
  // The browser itself reports the refused edit.
  expect(complaints).toEqual([expect.stringContaining("400")]);
  await context.close();
});

test("a failing origin says why, what it answered, and what was given up is sent again", async () => {
  status = 404;
  await runJob({ url: `${receiver.url}/own`, retries: 0 });
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/destinations");
  await page.click(`a:has-text("${receiver.url}")`);
  await page.waitForSelector(":nth-match(tbody .state:has-text('given up'), 3)");
  await page.waitForSelector("td:has-text('The endpoint responded with status 404')");
  await page.waitForSelector("h1 + .state:has-text('refuses')");

  await page.click("tbody a:has-text('started')");
  await page.waitForSelector("h1:has-text('Event 1: started')");
  // The answer is text, whatever it looks like.
  expect(await page.textContent(".answer")).toBe("closed <b>until</b> Monday");
  status = 200;
  await page.click("text=Send again");
  await page.waitForSelector("h1 + .state:has-text('delivered')");
  expect(await page.textContent("ol.attempts")).toMatch(/^200attempt 2 .*thanks404attempt 1 /s);

  await goTo("#/destinations");
  await page.click(`a:has-text("${receiver.url}")`);
  await page.click("text=Send failed events again…");
  await page.getByLabel("Events of").selectOption({ label: "the last hour" });
  await page.click("dialog >> text=Send again >> nth=-1");
  await page.waitForSelector(".toast:has-text('2 events will be sent again.')");
  await page.waitForSelector(":nth-match(tbody .state:has-text('delivered'), 3)");
  expect(complaints).toEqual([]);
  await context.close();
});

test("deliveries are listed by state, and new ones move nothing until they are asked for", async () => {
  await runJob({ url: `${receiver.url}/own` });
  await receiver.untilReceived(3);
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/deliveries");
  await page.waitForSelector(":nth-match(tbody .state:has-text('delivered'), 3)");
  const first = await page.textContent("tbody tr:first-child .id");
  await runJob({ url: `${receiver.url}/own`, on: ["completed"] });
  await page.waitForSelector("button:text-is('1 new')");
  expect(await page.textContent("tbody tr:first-child .id")).toBe(first);
  await page.click("button:text-is('1 new')");
  await page.waitForSelector(":nth-match(tbody tr, 4)");
  await page.click("text=Given up");
  await page.waitForSelector("text=No delivery matches");
  expect(page.url()).toContain("#/deliveries?state=dead");
  expect(complaints).toEqual([]);
  await context.close();
});

test("a webhook gets a client certificate, of which only what is public is shown, and loses it", async () => {
  const url = "https://localhost:9/hook";
  const { id } = await daemon.post("/v1/webhooks", { url });
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo(`#/webhooks/${id}`);
  const { cert, key } = clientCertificate("one");
  const edit = async (): Promise<void> => {
    await page.click("text=Edit");
    await page.click("summary:has-text('certificates')");
  };
  await edit();
  await page.getByLabel("Client certificate, for").fill(cert);
  await page.click("text=Save");
  expect(await page.textContent("dialog [role=alert]")).toContain("/clientCertificate/key");
  await page.getByLabel("Its private key").fill(key);
  await page.click("text=Save");
  await page.waitForSelector("dd:has-text('CN=client one')");
  expect(await page.textContent("body")).not.toContain("BEGIN");

  await edit();
  expect(await page.getByLabel("Client certificate, for").inputValue()).toBe("");
  await page.getByLabel("Retries, at most 10").fill("3");
  await page.click("text=Save");
  await page.waitForSelector("dd:has-text('3')");
  const { clientCertificate: kept } = await daemon.get(`/v1/webhooks/${id}`);
  expect(kept.subject).toContain("client one");

  await edit();
  await page.getByLabel("Remove the client certificate").check();
  await page.click("text=Save");
  await page.waitForSelector("dt:has-text('Client certificate')", { state: "detached" });
  expect((await daemon.get(`/v1/webhooks/${id}`)).clientCertificate).toBeNull();
  await daemon.request(`/v1/webhooks/${id}`, { method: "DELETE" });
  // The browser itself reports the refused edit.
  expect(complaints).toEqual([expect.stringContaining("400")]);
  await context.close();
});

test("a token that may not change webhooks sees them without the acts", async () => {
  const { id } = await daemon.post("/v1/webhooks", { url: `${receiver.url}/hook` });
  await runJob();
  await receiver.untilReceived(3);
  const { token } = await daemon.post("/v1/tokens", { name: "operator", scope: "run" });
  const { page, goTo, complaints, context } = await openConsole(browser, {
    url: daemon.url,
    token,
  });
  await goTo("#/destinations");
  await page.waitForSelector(`a:has-text("${receiver.url}/hook")`);
  expect(await page.locator("text=Register a webhook").count()).toBe(0);
  await goTo(`#/webhooks/${id}`);
  await page.waitForSelector("tbody .state:has-text('delivered')");
  expect(await page.locator("main button:not([aria-pressed])").allInnerTexts()).toEqual([""]);
  await page.click("tbody a >> nth=0");
  await page.waitForSelector("ol.attempts");
  expect(await page.locator("text=Send again").count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
