/** What is as large as the built-in plugins take is read in bounded time and memory. What is larger is refused. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { linesOf, pdfOf } from "../support/pdfs.ts";
import { mostMemory } from "../support/process-memory.ts";

const MIB = 1024 * 1024;
/** A busy machine is several times as slow as an idle one. */
const WAIT = { prefer: "wait=110" };

let daemon: Daemon;
let files: string;

const SENTENCE = "The mill grinds rye on Mondays, wheat on Fridays, and rests in between. ";

/** An article in paragraphs, with a menu before it. */
function page(size: number): string {
  const paragraph = `<p>${SENTENCE.repeat(10)}</p>\n`;
  const head =
    "<!doctype html><title>Mill</title><nav><a href=/>Home</a></nav><article><h1>Mill</h1>\n";
  const body = paragraph.repeat((size - head.length) / paragraph.length);
  return (head + body).padEnd(size, " ");
}

beforeEach(async () => {
  // With the memory of a new process.
  daemon = await startDaemon();
  files = join(daemon.dataDir, "files");
  await mkdir(files, { recursive: true });
});
afterEach(() => daemon.close());

async function serve(pages: Readonly<Record<string, string>>): Promise<string> {
  const website = createServer((request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8").end(pages[request.url!]);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => website.once("listening", resolve));
  onTestFinished(() => {
    website.closeAllConnections();
    website.close();
  });
  return `http://127.0.0.1:${(website.address() as AddressInfo).port}`;
}

function png(side: number): Promise<Buffer> {
  return sharp({ create: { width: side, height: side, channels: 3, background: "teal" } })
    .png()
    .toBuffer();
}

interface Job {
  readonly status: string;
  readonly error: string | null;
  readonly output: Record<string, unknown>;
}

/** Runs the job, and checks that no process needed more memory in addition to before. */
async function run(plugin: string, input: object, options: object, mostMib: number): Promise<Job> {
  let job: Job | undefined;
  const grown = await mostMemory(daemon, async () => {
    const plugins = [{ name: plugin, options }];
    job = (await daemon.post("/v1/jobs", { plugins, input }, WAIT)) as Job;
  });
  expect(Math.max(...grown) / MIB).toBeLessThan(mostMib);
  return job!;
}

test("a page of 10 MiB becomes Markdown, and a larger one is refused", async () => {
  const origin = await serve({ "/page": page(10 * MIB), "/larger": page(10 * MIB + 1) });
  const job = await run("html-to-markdown", { url: `${origin}/page` }, {}, 700);
  expect(job).toMatchObject({
    status: "completed",
    output: { title: "Mill", isMainContent: true },
  });
  expect(job.output["wordCount"]).toBeGreaterThan(1_500_000);
  const refused = await run("html-to-markdown", { url: `${origin}/larger` }, {}, 100);
  expect(refused).toMatchObject({
    status: "failed",
    error: `url is "${origin}/larger": its page must have at most 10485760 bytes`,
  });
});

test("an image of 100 megapixels is resized, and a larger one is refused", async () => {
  await writeFile(join(files, "a.png"), await png(10_000));
  await writeFile(join(files, "larger.png"), await png(10_001));
  const job = await run("image-resize", { file: "a.png" }, { width: 800 }, 250);
  expect(job.output).toMatchObject({ width: 800, height: 800, original: { width: 10_000 } });
  const refused = await run("image-resize", { file: "larger.png" }, { width: 800 }, 100);
  expect(refused).toMatchObject({
    status: "failed",
    error: `file is "larger.png": the image has 10001 × 10001 pixels, together 100020001: it must have at most 100000000 (the operator's limit, IMAGE_RESIZE_MAX_PIXELS)`,
  });
});

test("a PDF of 1,000 pages is read, and the job says if maxPages left some out", async () => {
  const lines = Array.from({ length: 60 }, (_, line) => `Line ${line}: ${SENTENCE}`);
  const pages = Array.from({ length: 1_000 }, () => ({ content: linesOf(...lines) }));
  await writeFile(join(files, "a.pdf"), pdfOf({ pages }));
  const job = await run("pdf-to-text", { file: "a.pdf" }, { outputFile: "a.txt" }, 400);
  expect(job.output).toMatchObject({ pageCount: 1_000, truncated: false, failedPages: [] });
  expect(job.output["characters"]).toBeGreaterThan(4_000_000);
  const some = await run("pdf-to-text", { file: "a.pdf" }, { maxPages: 999 }, 400);
  expect(some.output).toMatchObject({ pageCount: 1_000, truncated: true });
});
