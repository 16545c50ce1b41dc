import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startChromium } from "../../support/chromium.ts";
import { openConsole } from "../../support/console.ts";
import { startDaemon, type Daemon } from "../../support/daemon.ts";

const LIMIT = 2_000_000;

let daemon: Daemon;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  daemon = await startDaemon({
    env: { PLAYGROUND_FILE_LIMIT: String(LIMIT) },
    plugins: {
      writes: `async (n, ctx) => ({ page: await ctx.artifacts.write("page.html", Buffer.from("<script>alert(1)</script>"), { type: "text/html" }) })`,
    },
  });
});
afterAll(() => Promise.all([browser?.close(), daemon?.close()]));

const choose = (page: Page, files: Parameters<Page["setInputFiles"]>[1]) =>
  page.setInputFiles("input[type=file]", files);
const row = (name: string) => `tr:has(.name:text-is('${name}'))`;

async function newestFile() {
  const { items } = await daemon.get("/v1/files?limit=1");
  return items[0];
}

test("a chosen file is uploaded, can be downloaded and referred to, and is deleted", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/files");
  await page.waitForSelector("text=There are no files yet");
  const content = randomBytes(300_000);
  await choose(page, { name: "people & Größe.csv", mimeType: "text/csv", buffer: content });
  await page.waitForSelector(`${row("people & Größe.csv")} :text('300 kB')`);
  const { fileId, ...file } = await newestFile();
  expect(file).toMatchObject({ name: "people & Größe.csv", type: "text/csv", jobId: null });
  expect(file.expiresAt).not.toBeNull();

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click("[aria-label='Download people & Größe.csv']"),
  ]);
  expect(download.suggestedFilename()).toBe("people & Größe.csv");
  expect((await readFile(await download.path())).equals(content)).toBe(true);

  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const clipboard = () => page.evaluate("navigator.clipboard.readText()");
  await page.click("[aria-label='Copy the reference to people & Größe.csv']");
  await page.waitForSelector(".toast:has-text('Copied the reference')");
  expect(await clipboard()).toBe(`{"$file": "${fileId}"}`);
  await page.click("[aria-label^='Copy a link to people']");
  await page.waitForSelector(".toast:has-text('Copied a link')");
  const linked = await fetch(String(await clipboard()));
  expect(Buffer.from(await linked.arrayBuffer()).equals(content)).toBe(true);

  await page.click("[aria-label='Delete people & Größe.csv']");
  await page.click("dialog >> button:text-is('Delete')");
  await page.waitForSelector("text=There are no files yet");
  expect(complaints).toEqual([]);
  await context.close();
});

test("files that are dropped anywhere are uploaded, and kept if someone says so", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/files");
  await page.check("text=Keep until deleted");
  await page.evaluate(`{
    const dataTransfer = new DataTransfer();
    for (const name of ["a.txt", "b.txt"]) dataTransfer.items.add(new File([name], name));
    const target = document.querySelector("h1");
    for (const type of ["dragover", "drop"]) {
      target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }`);
  for (const name of ["a.txt", "b.txt"]) {
    await page.waitForSelector(`${row(name)} :text('until deleted')`);
  }
  const { items } = await daemon.get("/v1/files?limit=2");
  for (const { expiresAt } of items) expect(expiresAt).toBeNull();
  expect(complaints).toEqual([]);
  await context.close();
});

test("a file over the limit is refused in words, and can be dismissed", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/files");
  await choose(page, { name: "huge.bin", mimeType: "", buffer: Buffer.alloc(LIMIT * 5) });
  await page.waitForSelector(`.uploads [role=alert]:has-text('at most ${LIMIT} bytes')`);
  expect(await page.textContent(".uploads [role=alert]")).toContain("PLAYGROUND_FILE_LIMIT");
  await page.click("[aria-label='Dismiss huge.bin']");
  await page.waitForSelector(".uploads", { state: "detached" });
  // The browser itself reports the refused upload.
  expect(complaints).toEqual([expect.stringContaining("413")]);
  await context.close();
});

test("an upload shows how far it is on every screen it is left for, and can be cancelled", async () => {
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo("#/files");
  await page.waitForSelector(".file-drop");
  // The upload neither ends nor fails, whatever the network's speed is.
  await page.route("**/v1/files?name=*", () => undefined);
  await choose(
    page,
    [1, 2, 3].map((n) => ({ name: `${n}.bin`, mimeType: "", buffer: Buffer.alloc(9_000) })),
  );
  await page.waitForSelector(".uploads progress[aria-label='Upload of 1.bin']");
  await page.waitForSelector(".uploads li:has-text('3.bin') :text('waits')");
  await page.click("nav >> text=Jobs");
  await page.waitForSelector("h1:text-is('Jobs')");
  await page.click("nav >> text=Files");
  await page.waitForSelector(".uploads progress[aria-label='Upload of 2.bin']");
  await page.click("[aria-label='Cancel the upload of 1.bin']");
  await page.waitForSelector(".uploads progress[aria-label='Upload of 3.bin']");
  await choose(
    page,
    [4, 5, 6].map((n) => ({ name: `${n}.bin`, mimeType: "", buffer: Buffer.alloc(9_000) })),
  );
  await page.waitForSelector(".uploads li:has-text('1 more')");
  await page.click("text=Cancel all");
  await page.waitForSelector(".uploads", { state: "detached" });
  const { items } = await daemon.get("/v1/files");
  expect(items.filter(({ name }: { name: string }) => name.endsWith(".bin"))).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a file of a job leads to the job, is saved and never shown, and stays while the job needs it", async () => {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["writes"] }, { prefer: "wait=10" });
  const { page, goTo, complaints, context } = await openConsole(browser, daemon);
  await goTo(`#/jobs/${jobId}`);
  await page.click(".card:has(h2:text-is('Output')) >> text=Files");
  await page.waitForSelector(`${row("page.html")} :text('with its job')`);
  expect(await page.locator("tbody tr").count()).toBe(1);
  expect(await page.getAttribute(`${row("page.html")} >> text=written by a job`, "href")).toBe(
    `#/jobs/${jobId}`,
  );
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click("[aria-label='Download page.html']"),
  ]);
  expect(download.suggestedFilename()).toBe("page.html");
  await page.click("[aria-label='Delete page.html']");
  await page.click("dialog >> button:text-is('Delete')");
  await page.waitForSelector(".toast.bad:has-text('A job needs the file')");
  expect(complaints).toEqual([expect.stringContaining("409")]);
  await context.close();
});

test("a token that can only read sees files, and can only download them", async () => {
  const { token } = await daemon.post("/v1/tokens", { name: "reader", scope: "read" });
  await daemon.request("/v1/files?name=seen.txt", { method: "PUT", body: "seen" });
  const { page, goTo, complaints, context } = await openConsole(browser, { ...daemon, token });
  await goTo("#/files");
  await page.waitForSelector("[aria-label='Download seen.txt']");
  for (const act of [".file-drop", "[aria-label^=Delete]", "[aria-label^='Run a plugin with']"]) {
    expect(await page.locator(act).count()).toBe(0);
  }
  expect(complaints).toEqual([]);
  await context.close();
});
