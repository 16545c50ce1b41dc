/**
 * The documentation site. `npm run site` builds it into docs/.vitepress/dist and fails if a link
 * between its pages is broken. It loads nothing from other hosts.
 */
import { defineConfig, type MarkdownRenderer } from "vitepress";
import { REPOSITORY, withRepositoryLinks } from "./repository-links.ts";
import { SIDEBAR } from "./sidebar.ts";

export default defineConfig({
  title: "Playground",
  description: "Runs TypeScript plugins as durable jobs, and reports every job by webhook.",
  lang: "en",
  cleanUrls: true,
  lastUpdated: false,
  rewrites: { ":folder(.*)/README.md": ":folder/index.md" },
  head: [["link", { rel: "icon", href: "/icon.svg", type: "image/svg+xml" }]],
  // The addresses of the examples are those of a daemon on the reader's machine.
  ignoreDeadLinks: "localhostLinks",
  markdown: {
    config(markdown) {
      withRepositoryLinks(markdown);
      withoutTemplates(markdown);
    },
  },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "First job", link: "/tutorial/first-job" },
      { text: "Guides", link: "/guides/write-a-plugin", activeMatch: "/guides/" },
      { text: "Reference", link: "/reference/configuration", activeMatch: "/reference/" },
      { text: "API", link: "/api.html", target: "_self" },
    ],
    sidebar: SIDEBAR,
    logo: "/icon.svg",
    outline: [2, 3],
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    docFooter: { prev: false, next: false },
    footer: { message: "MIT License" },
  },
});

/** Expressions of n8n and Make are in braces, which Vue would evaluate. */
function withoutTemplates({ core }: MarkdownRenderer): void {
  core.ruler.push("without-templates", ({ tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === "code_inline") token.attrSet("v-pre", "");
    }
  });
}
