/** Documents link to files of the repository too. On the site, such links go to the repository. */
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarkdownRenderer } from "vitepress";
import runner from "../../runner/package.json" with { type: "json" };

const DOCS = fileURLToPath(new URL("..", import.meta.url));

export const REPOSITORY = runner.repository.url.replace(/^git\+|\.git$/g, "");

export function withRepositoryLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    const { path } = env as { path?: string };
    // The text of a title has no path.
    if (path === undefined) return;
    const folder = dirname(path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== "link_open") continue;
      token.attrSet("href", toSite(token.attrGet("href") ?? "", folder));
    }
  });
}

function toSite(href: string, folder: string): string {
  if (/^[a-z]+:|^[#/]/i.test(href)) return href;
  const [path = "", hash] = href.split("#");
  const file = resolve(folder, decodeURI(path));
  const isPage = file.startsWith(DOCS) && file.endsWith(".md");
  // VitePress reports the dead links of pages. config.ts renames each README.md.
  if (isPage) return href.replace(/\bREADME\.md/, "index.md");
  if (!existsSync(file)) throw new Error(`${folder} links to ${href}, which does not exist.`);
  const inRepository = relative(dirname(DOCS), file);
  return `${REPOSITORY}/blob/main/${inRepository}${hash === undefined ? "" : `#${hash}`}`;
}
