/** The documentation site as it is built: every page, every link, and how it looks in Chromium. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseHTML } from "linkedom";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startChromium } from "../support/chromium.ts";
import { overflowOf, violationsOn } from "../support/console.ts";
import { until } from "../support/until.ts";

const SITE = fileURLToPath(new URL("../../../docs/.vitepress/dist", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

interface SitePage {
  readonly path: string;
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
}

let pages: Map<string, SitePage>;
let server: Server;
let origin: string;
let browser: Browser;

beforeAll(async () => {
  execFileSync(process.execPath, [
    fileURLToPath(new URL("../../scripts/build-site.ts", import.meta.url)),
  ]);
  pages = new Map(readPages().map((page) => [page.path, page]));
  server = createServer(({ url = "/" }, response) => {
    const path = decodeURI(url.split("?")[0] ?? "/");
    for (const file of [path, `${path}.html`, `${path}/index.html`, `${path}index.html`]) {
      try {
        const content = readFileSync(join(SITE, file));
        response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain");
        return void response.end(content);
      } catch {
        // The next name is tried.
      }
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await startChromium();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** Pages by their address on the site: `/guides/make`. */
function readPages(): SitePage[] {
  const files = readdirSync(SITE, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".html") && file !== "404.html")
    .map((file) => {
      const { document } = parseHTML(readFileSync(join(SITE, file), "utf8"));
      const attributes = (selector: string, name: string): string[] =>
        [...document.querySelectorAll(selector)].map((found) => found.getAttribute(name) ?? "");
      return {
        path: toPath(file),
        ids: new Set(attributes("[id]", "id")),
        links: attributes("a[href]", "href"),
      };
    });
}

function toPath(file: string): string {
  return `/${file}`.replace(/(?:index)?\.html$/, "");
}

test("every document is a page, and the menu leads to each of them but the decisions", async () => {
  const documents = readdirSync(fileURLToPath(new URL("../../../docs", import.meta.url)), {
    recursive: true,
    encoding: "utf8",
  })
    .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
    .map((file) => `/${file}`.replace("README", "index").replace(/(?:index)?\.md$/, ""));
  expect([...pages.keys()].toSorted()).toEqual([...documents, "/api"].toSorted());
  const menu = new Set(pages.get("/tutorial/first-job")?.links);
  const missing = documents.filter(
    (path) => !menu.has(path) && !/^\/(?:decisions\/.+|guides\/make\/app\/)?$/.test(path),
  );
  expect(missing).toEqual([]);
});

test("every link between pages leads to a page, and to a place on it", () => {
  const broken = [...pages.values()].flatMap(({ path, links }) =>
    links.filter((link) => !isFound(link, path)).map((link) => `${path}: ${link}`),
  );
  expect(broken).toEqual([]);
});

function isFound(link: string, from: string): boolean {
  const { pathname, hash, host } = new URL(link, `http://site.invalid${from}`);
  if (host !== "site.invalid" || pathname === "/openapi.json") return true;
  const page = pages.get(pathname.replace(/\.html$/, ""));
  if (page === undefined) return false;
  return hash === "" || page.ids.has(decodeURIComponent(hash.slice(1)));
}

describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
  test.each([
    ["the front page", "/", 1280],
    ["the front page of a phone", "/", 390],
    ["a guide", "/guides/run-in-production", 1280],
    ["a guide on a phone", "/guides/run-in-production", 390],
    ["a reference", "/reference/configuration", 1280],
    ["a comparison on a phone", "/explanation/comparison", 390],
    ["the API", "/api.html", 1280],
  ])("%s loads nothing from elsewhere, and axe finds nothing", async (_, path, width) => {
    const elsewhere: string[] = [];
    const viewport = { width, height: 900 };
    const { page, complaints } = await openPage(browser, "about:blank", { colorScheme, viewport });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !url.startsWith("data:")) elsewhere.push(url);
    });
    await page.goto(origin + path, { waitUntil: "networkidle" });
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    expect(await violationsOn(page)).toEqual([]);
    await page.context().close();
  });
});

test("the search finds a setting", async () => {
  const { page } = await openPage(browser, `${origin}/`, {
    viewport: { width: 1280, height: 900 },
  });
  // The page hears the key once its script runs.
  await until("the search opens", async () => {
    await page.keyboard.press("/");
    return page.getByRole("searchbox").isVisible();
  });
  await page.getByRole("searchbox").fill("PLAYGROUND_PUBLIC_URL");
  await page.getByRole("option").first().waitFor();
  expect(await page.getByRole("option").first().textContent()).toMatch(/\w/);
  await page.context().close();
});
