/** `npm run site` builds the documentation site into docs/.vitepress/dist. */
import { execFileSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderDocs } from "../src/http/docs-page/render.ts";
import { createOpenApiDocument } from "../src/http/openapi.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const SITE = new URL(".vitepress/dist/", DOCS);

execFileSync(fileURLToPath(new URL("node_modules/.bin/vitepress", DOCS)), ["build", "."], {
  cwd: DOCS,
  stdio: "inherit",
});
// The page that a daemon serves at /docs.
writeFileSync(new URL("api.html", SITE), renderDocs(createOpenApiDocument()).markup);
cpSync(new URL("reference/openapi.json", DOCS), new URL("openapi.json", SITE));
